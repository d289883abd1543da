import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endProcess, isRunning, waitFor } from "../../support/index.ts";
import { findChild } from "../child-process.ts";
import { makeComposeProgram } from "../compose-program.ts";
import { usePlatform } from "../platform.ts";

// `slow` does not answer a stop: for that long Compose is in the middle of replacing it.
const release = `
-- packages/web/package.yaml --
files: [{ template: app.conf, to: conf/app.conf, onChange: recreate }]
-- packages/web/app.conf --
0
-- packages/web/compose.yaml --
services:
  slow:
    image: IMAGES/app:1
    command: [sh, -c, "trap '' TERM; serve"]
    stop_grace_period: 6s
    volumes: ["./conf:/etc/app:ro", "data:/data"]
  quick: { image: "IMAGES/app:1", volumes: ["./conf:/etc/app:ro"], depends_on: [slow] }
volumes: { data: {} }
`;

describe("SIGKILL", () => {
  const platform = usePlatform({ release });
  const gate = () => join(platform().folder, "gate");
  const pidFile = () => join(platform().folder, "compose.pid");
  let version = 0;

  it("must not keep a node from arriving, not even after each operation", async () => {
    const ended: (number | null)[] = [];
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const agent = platform().startRound();
      await agent.said(" done ");
      await agent.kill();
      const round = await agent.ended;
      ended.push(round.exitCode);
      if (round.exitCode !== null) break;
    }
    await expectArrived();
    await platform().exec("web/slow", "sh", "-c", "echo kept > /data/note");
    expect(ended.at(-1)).toBe(0);
    expect(ended.length).toBeGreaterThan(2);
  });

  it.each([
    { phase: "before", killed: "agent" },
    { phase: "before", killed: "agent and Compose" },
    { phase: "inside", killed: "agent" },
    { phase: "inside", killed: "agent and Compose" },
    { phase: "after", killed: "agent" },
    { phase: "after", killed: "agent and Compose" },
  ])("of $killed $phase Compose's work must be healed by the next round", async ({ phase, killed }) => {
    const before = await platform().container("web/slow");
    await upgrade();
    const agent = platform().startRound({ env: { KEELSON_COMPOSE: await composeStoppingIn(phase) } });
    const compose = await waitFor(async () => Number(await readFile(pidFile(), "utf8")), {
      what: "Compose to be at its work",
    });
    if (phase === "inside") {
      await waitFor(hasTemporaryName, { what: "Compose to replace a container" });
    }
    await agent.kill();
    expect(await isRunning(compose)).toBe(true);
    if (killed !== "agent") await endProcess(compose);
    else if (phase !== "inside") await expectNextRoundToWait();
    await writeFile(gate(), "");

    const round = await platform().reconcile();
    await expectArrived();
    expect(await isRunning(compose)).toBe(false);
    expect((await platform().container("web/slow")).id).not.toBe(before.id);
    expect(await platform().exec("web/slow", "cat", "/data/note")).toBe("kept\n");
    expect(round.exitCode).toBe(0);
  });

  it("must have left nothing to do", async () => {
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });

  async function upgrade(): Promise<void> {
    version += 1;
    await platform().upgrade({ "packages/web/app.conf": `${version}\n` });
  }

  /** A Compose that notes its process and waits at the gate before or after its work; inside it is caught at it. */
  async function composeStoppingIn(phase: string): Promise<string> {
    await Promise.all([gate(), pidFile()].map(async (path) => rm(path, { force: true })));
    const note = `echo $$ > '${pidFile()}.new' && mv '${pidFile()}.new' '${pidFile()}'`;
    const wait = `while [ ! -e '${gate()}' ]; do sleep 0.05; done`;
    const scripts: Record<string, string> = {
      before: `${note}; ${wait}`,
      inside: note,
      after: `"$COMPOSE" "$@"; code=$?; ${note}; ${wait}; exit $code`,
    };
    return makeComposeProgram(platform().folder, `case " $* " in *" up "*) ${scripts[phase]} ;; esac`);
  }

  async function hasTemporaryName(): Promise<boolean> {
    return (await platform().containers()).some(({ name }) => /^[0-9a-f]{12}_/.test(name));
  }

  /** Starts a round while Compose is still there, and opens the gate only once it waits for the lock. */
  async function expectNextRoundToWait(): Promise<void> {
    const next = platform().startRound();
    await waitFor(async () => findChild(next.pid, "flock"), {
      what: "the next round to wait for the lock",
    });
    expect(next.output()).toBe("");
    await writeFile(gate(), "");
    expect((await next.ended).exitCode).toBe(0);
  }

  async function expectArrived(): Promise<void> {
    const containers = await platform().containers();
    expect(containers.map(({ name, state }) => `${name} ${state}`)).toEqual([
      `${platform().project("web")}-quick-1 running`,
      `${platform().project("web")}-slow-1 running`,
    ]);
    for (const service of ["quick", "slow"]) {
      expect(await platform().exec(`web/${service}`, "cat", "/etc/app/app.conf")).toBe(`${version}\n`);
    }
  }
});
