import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { usePlatform } from "../platform.ts";
import { conditionOf, isReady, readOwnStatus } from "./node-status.ts";
import { type StayingAgent, startStaying } from "./staying-agent.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;
const compose = "packages/web/compose.yaml";
const password = "a-t0ken-of-the-node";

describe("an agent that finds", () => {
  const platform = usePlatform({
    release,
    credentials: { username: "node", password },
    agent: { interval: "1s" },
  });
  let agent: StayingAgent;
  let id: string;
  const own = async () => readOwnStatus(platform());
  const web = async () => platform().container("web/web");
  const logged = (text: string, times: number) => agent.log().split(text).length > times;

  beforeAll(async () => {
    agent = startStaying(platform().config);
    await agent.until("readiness", async () => isReady(await own()));
    ({ id } = await web());
  });
  afterAll(async () => agent[Symbol.asyncDispose]());

  it("its agent.yaml broken must leave what runs, say so, and go on once it is mended", async () => {
    const good = await readFile(platform().config, "utf8");
    await writeFile(platform().config, `${good}nonsense: 1\n`);
    await agent.until("the complaint", () => agent.log().includes("round-lost"));
    await platform().docker.getContainer(id).stop({ t: 0 });
    await writeFile(platform().config, good);
    await agent.until("the repair", async () => (await web()).state === "running" && isReady(await own()));
    expect((await web()).id).toBe(id);
  });

  it("a new interval in agent.yaml must take it over without a restart", async () => {
    const good = await readFile(platform().config, "utf8");
    await writeFile(platform().config, good.replace("interval: 1s", "interval: 2s"));
    await agent.until("the round", () => agent.log().includes("agent.yaml changed"));
    await agent.until("its end", async () => isReady(await own()));
    await writeFile(platform().config, good);
    await agent.until("another", () => logged("agent.yaml changed", 2));
    await agent.until("its end", async () => isReady(await own()));
    expect((await web()).id).toBe(id);
  });

  it("its token refused must follow again with a new one", async () => {
    const credential = join(platform().folder, "credential");
    await writeFile(credential, "node:revoked\n", { mode: 0o600 });
    await agent.until("the code", async () => conditionOf(await own(), "SourceReady") === "false K2002");
    const next = await platform().upgrade({
      [compose]: (text) => text.replace(/image: .*/, "image: IMAGES/web:2"),
    });
    // As a secret store does it: another file takes its place.
    await writeFile(`${credential}.new`, `node:${password}\n`, { mode: 0o600 });
    await rename(`${credential}.new`, credential);
    await agent.until("the upgrade", async () => {
      const status = await own();
      return isReady(status) && status.source.applied === next;
    });
    expect((await web()).image).toBe(platform().image("web:2"));
    expect(agent.log()).not.toContain(password);
  });

  it("its key out of reach must do nothing, and go on once it may read it", async () => {
    const key = join(platform().folder, "node.key");
    const before = await web();
    const refusals = agent.log().split("K5003").length;
    await chmod(key, 0o644);
    await agent.until("the refusal", () => logged("K5003", refusals));
    await platform().docker.getContainer(before.id).stop({ t: 0 });
    await rename(key, `${key}.away`);
    await agent.until("the missing key", async () =>
      (await own()).errors.some(({ code }) => code === "K5006"),
    );
    expect((await web()).state).toBe("exited");
    await rename(`${key}.away`, key);
    await chmod(key, 0o600);
    await agent.until("the repair", async () => (await web()).state === "running" && isReady(await own()));
    expect((await web()).id).toBe(before.id);
  });
});
