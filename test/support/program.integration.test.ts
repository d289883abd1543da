import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  agentCommand,
  checkout,
  isRunning,
  keelsonCommand,
  makeTempFolder,
  outputOf,
  plainEnvironment,
  runProgram,
  waitFor,
} from "./index.ts";
import { listProcesses } from "./leftover-processes.ts";

test("a program's exit code, signal and both outputs come back", async () => {
  const result = await runProgram(["sh", "-c", "cat; echo to stderr >&2; exit 3"], { input: "to stdout" });
  expect(result).toEqual({ exitCode: 3, signal: null, stdout: "to stdout", stderr: "to stderr\n" });
  expect(await runProgram(["sh", "-c", "kill -TERM $$"])).toMatchObject({
    exitCode: null,
    signal: "SIGTERM",
  });
  await expect(outputOf(["sh", "-c", "echo why; exit 3"])).rejects.toThrow(/exited 3\nwhy/);
  await expect(runProgram(["/no/such/program"])).rejects.toThrow("/no/such/program did not start");
});

test("a program that takes too long ends with its children", async () => {
  await using folder = await makeTempFolder();
  const pidFile = folder.join("pid");
  const script = 'sleep 60 & echo $! >"$0"; wait';
  await expect(runProgram(["sh", "-c", script, pidFile], { timeoutMs: 5_000 })).rejects.toThrow(
    /took more than 5000 ms/,
  );
  const child = Number(await readFile(pidFile, "utf8"));
  await waitFor(async () => !(await isRunning(child)), { what: "the child to end" });
});

test("the command and the agent get the user's environment and nothing of the test run's", () => {
  expect(keelsonCommand(["plan"])[1]).toBe(join(checkout, "apps/cli/src/main.ts"));
  expect(agentCommand(["reconcile"])[1]).toBe(join(checkout, "apps/agent/src/main.ts"));
  process.env["COMPOSE_REMOVE_ORPHANS"] = "1";
  try {
    expect(plainEnvironment()).not.toHaveProperty("COMPOSE_REMOVE_ORPHANS");
    expect(plainEnvironment({ COMPOSE_REMOVE_ORPHANS: "1" })).toHaveProperty("COMPOSE_REMOVE_ORPHANS", "1");
    expect(plainEnvironment({ PATH: undefined })).not.toHaveProperty("PATH");
  } finally {
    delete process.env["COMPOSE_REMOVE_ORPHANS"];
  }
});

test("a sweep takes away what a killed test left", async () => {
  await using folder = await makeTempFolder("k-");
  const program = `
    import { startEngine } from ${JSON.stringify(join(checkout, "test/support/engine.ts"))};
    const engine = await startEngine();
    const { Options } = await engine.docker.getNetwork("bridge").inspect();
    console.log(Options["com.docker.network.bridge.name"]);
    process.kill(process.pid, "SIGKILL");
  `;
  const killed = await runProgram([process.execPath, "--input-type=module", "--eval", program], {
    env: { ...process.env, TMPDIR: folder.path },
  });
  expect(killed).toMatchObject({ signal: "SIGKILL", stderr: "" });
  const bridge = killed.stdout.trim();
  expect(await readFile("/proc/net/route", "utf8")).toContain(`${bridge}\t`);

  await outputOf([process.execPath, join(checkout, "test/support/sweep.ts"), folder.path]);
  expect(await readFile("/proc/net/route", "utf8")).not.toContain(`${bridge}\t`);
  expect(await readFile("/proc/self/mounts", "utf8")).not.toContain(folder.path);
  const processes = await listProcesses();
  expect(processes.filter(({ commandLine }) => commandLine.includes(`${folder.path}/`))).toEqual([]);
  expect(existsSync(folder.path)).toBe(true);
});
