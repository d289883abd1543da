import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { endProcess, uniqueName, waitFor } from "../../support/index.ts";
import { makeComposeProgram } from "../compose-program.ts";
import { expectFault, expectReady, expectUntouched } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("t");
const [front, back] = [`${name}-front`, `${name}-back`];
const compose = "packages/web/compose.yaml";
// `web.Front_1` does not answer a stop: for that long Compose is in the middle of replacing it.
const release = `
-- packages/web/compose.yaml --
name: My-Stack
services:
  web.Front_1:
    image: IMAGES/app:1
    container_name: ${front}
    command: [sh, -c, "trap '' TERM; serve"]
    stop_grace_period: 3s
    volumes: ["data:/data"]
  back: { image: "IMAGES/back:1", container_name: ${back} }
  plain: { image: "IMAGES/plain:1" }
  Tidy_up:
    image: IMAGES/app:1
    container_name: ${name}-tidy
    command: [sh, -c, "hostname"]
    restart: "no"
volumes: { data: { name: ${name}-My.data } }
`;

describe("a container's own name", () => {
  const platform = usePlatform({ release, name });
  const names = async () => {
    const containers = await platform().containers();
    return Object.fromEntries(containers.map((each) => [each.service, each.name]));
  };
  const keelson = async (command: string, ...args: string[]) => {
    const { exitCode, stdout, stderr } = await platform().keelson([
      command,
      "--config",
      platform().config,
      ...args,
    ]);
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    return stdout;
  };

  it("must be the one that its Compose file says, beside those that Compose gives", async () => {
    expectReady(await platform().reconcile());
    expect(await names()).toEqual({
      "web.Front_1": front,
      back,
      plain: `${platform().project("web")}-plain-1`,
      Tidy_up: `${name}-tidy`,
    });
    await platform().exec("web/web.Front_1", "sh", "-c", "echo kept > /data/note");
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must hinder no command, nor a name with dots, capitals and underscores", async () => {
    expect(await keelson("exec", "web", "web.Front_1", "cat", "/data/note")).toBe("kept\n");
    await keelson("logs", "web", "web.Front_1");
    const { instances } = await platform().status();
    expect(instances[0]?.services.map((each) => each.name)).toEqual([
      "Tidy_up",
      "back",
      "plain",
      "web.Front_1",
    ]);
    const before = await platform().containers();
    // The container of the run has a name of its own.
    expect(await keelson("run", "web", "Tidy_up", "echo", "ran")).toBe("ran\n");
    await expectUntouched(platform(), before);
  });

  it("must stay through an upgrade", async () => {
    const { id } = await platform().container("web/web.Front_1");
    await platform().upgrade({ [compose]: (text) => text.replace("app:1", "app:2") });
    expectReady(await platform().reconcile());
    expect((await platform().container("web/web.Front_1")).id).not.toBe(id);
    expect((await names())["web.Front_1"]).toBe(front);
    expect(await platform().exec("web/web.Front_1", "cat", "/data/note")).toBe("kept\n");
  });

  it("must stay when Compose and the agent are killed in the middle of a replacement", async () => {
    await platform().upgrade({ [compose]: (text) => text.replace("app:2", "app:3") });
    const pidFile = join(platform().folder, "compose.pid");
    await rm(pidFile, { force: true });
    const note = `echo $$ > '${pidFile}.new' && mv '${pidFile}.new' '${pidFile}'`;
    const program = await makeComposeProgram(platform().folder, `case " $* " in *" up "*) ${note} ;; esac`);
    const agent = platform().startRound({ env: { KEELSON_COMPOSE: program } });
    const pid = await waitFor(async () => Number(await readFile(pidFile, "utf8")), { what: "Compose" });
    const isReplacing = async () =>
      (await platform().containers()).some((each) => /^[0-9a-f]{12}_/.test(each.name));
    await waitFor(isReplacing, { what: "Compose to replace a container" });
    await agent.kill();
    await endProcess(pid);
    expectReady(await platform().reconcile());
    expect((await names())["web.Front_1"]).toBe(front);
    expect(await platform().pageOf("web/web.Front_1")).toBe("app 3\n");
    expect(await platform().exec("web/web.Front_1", "cat", "/data/note")).toBe("kept\n");
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  it("must change with that of another service in one round", async () => {
    const swapped = (text: string) =>
      text
        .replace(`container_name: ${front}`, "container_name: OTHER")
        .replace(`container_name: ${back}`, `container_name: ${front}`)
        .replace("OTHER", back);
    await platform().upgrade({ [compose]: swapped });
    expectReady(await platform().reconcile());
    expect(await names()).toMatchObject({ "web.Front_1": back, back: front });
    await platform().upgrade({
      [compose]: (text) => text.replace(`, container_name: ${front}`, "").replace(back, front),
    });
    expectReady(await platform().reconcile());
    expect(await names()).toMatchObject({
      "web.Front_1": front,
      back: `${platform().project("web")}-back-1`,
    });
  });

  it("must come back where somebody has changed it, without a restart", async () => {
    const { id } = await platform().container("web/plain");
    await platform()
      .docker.getContainer(id)
      .rename({ name: `${name}-mine` });
    const before = await platform().container("web/plain");
    expectReady(await platform().reconcile());
    const { id: same, startedAt, name: restored } = await platform().container("web/plain");
    expect([same, startedAt]).toEqual([before.id, before.startedAt]);
    expect(restored).toBe(`${platform().project("web")}-plain-1`);
  });

  it("must not be taken from somebody else, and nothing stops for it", async () => {
    const taken = `${name}-taken`;
    const foreign = await platform().docker.createContainer({
      name: taken,
      Image: platform().image("app:1"),
    });
    const before = await platform().containers();
    await platform().upgrade({
      [compose]: (text) => text.replace('plain:1"', `plain:1", container_name: ${taken}`),
    });
    const round = await platform().reconcile();
    expectFault(round, {
      code: "K3080",
      resource: `service:${platform().project("web")}/plain`,
      says: `a container named ${taken}`,
    });
    await expectUntouched(platform(), before);
    await foreign.remove();
    expectReady(await platform().reconcile());
    expect((await names())["plain"]).toBe(taken);
  });
});
