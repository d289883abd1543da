import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import { hasError, isReady, reasonOf } from "../node-status.ts";
import { useNode } from "../platform.ts";
import { oneService, useImage } from "../releases.ts";

const password = "a-t0ken-of-the-node";

describe("an agent that finds", () => {
  const node = useNode({ release: oneService, credentials: { username: "node", password } });
  let id: string;
  const web = async () => node().container("web/web");
  const logged = (text: string, times: number) => node().agent.log().split(text).length > times;
  const isRepaired = async () => (await web()).state === "running" && isReady(await node().status());

  beforeAll(async () => {
    await node().untilReady();
    ({ id } = await web());
  });

  it("its agent.yaml broken must leave what runs, say so, and go on once it is mended", async () => {
    const good = await readFile(node().config, "utf8");
    await writeFile(node().config, `${good}nonsense: 1\n`);
    await node().agent.until("the complaint", () => node().agent.log().includes("round-lost"));
    await node().stop("web/web");
    await writeFile(node().config, good);
    await node().agent.until("the repair", isRepaired);
    expect((await web()).id).toBe(id);
  });

  it("a new interval in agent.yaml must take it over without a restart", async () => {
    const good = await readFile(node().config, "utf8");
    await writeFile(node().config, good.replace("interval: 1s", "interval: 2s"));
    await node().agent.until("the round", () => node().agent.log().includes("agent.yaml changed"));
    await node().untilReady();
    await writeFile(node().config, good);
    await node().agent.until("another", () => logged("agent.yaml changed", 2));
    await node().untilReady();
    expect((await web()).id).toBe(id);
  });

  it("its token refused must follow again with a new one", async () => {
    const credential = join(node().folder, "credential");
    await writeFile(credential, "node:revoked\n", { mode: 0o600 });
    await node().agent.until(
      "the code",
      async () => reasonOf(await node().status(), "SourceReady") === "K2002",
    );
    const next = await node().upgrade(useImage("web:2"));
    // As a secret store does it: another file takes its place.
    await writeFile(`${credential}.new`, `node:${password}\n`, { mode: 0o600 });
    await rename(`${credential}.new`, credential);
    await node().agent.until("the upgrade", async () => {
      const status = await node().status();
      return isReady(status) && status.source.applied === next;
    });
    expect((await web()).image).toBe(node().image("web:2"));
    expect(node().agent.log()).not.toContain(password);
  });

  it("its key out of reach must do nothing, and go on once it may read it", async () => {
    const key = join(node().folder, "node.key");
    const before = await web();
    const refusals = node().agent.log().split("K5003").length;
    await chmod(key, 0o644);
    await node().agent.until("the refusal", () => logged("K5003", refusals));
    await node().stop("web/web");
    await rename(key, `${key}.away`);
    await node().agent.until("the missing key", async () => hasError(await node().status(), "K5006"));
    expect((await web()).state).toBe("exited");
    await rename(`${key}.away`, key);
    await chmod(key, 0o600);
    await node().agent.until("the repair", isRepaired);
    expect((await web()).id).toBe(before.id);
  });
});
