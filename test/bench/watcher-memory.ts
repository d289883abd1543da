import { spawn } from "node:child_process";
import { once } from "node:events";

import { startPlatform } from "../scenarios/platform.ts";
import { plainEnvironment, startEngine, waitFor } from "../support/index.ts";
import { agentBundle } from "./bench-platform.ts";
import { type Row, makeRow } from "./measure.ts";
import { readMemory } from "./process-memory.ts";

const agent = { interval: "1ms", report: { as: "none" } };

/** The idle watcher after it has applied the sample and looked thousands of times, beside a Node that does nothing. */
export async function measureWatcherMemory(say: (text: string) => void): Promise<Row[]> {
  say("memory");
  await using engine = await startEngine();
  await using platform = await startPlatform({ engine, agent });
  const [program, ...args] = agentBundle("run", "--config", platform.config);
  const child = spawn(program, args, { env: plainEnvironment(), stdio: "ignore" });
  try {
    const pid = child.pid ?? 0;
    const after = async (looks: number) => {
      await waitFor(() => platform.server.requests.length >= looks, { what: "looks", timeoutMs: 300_000 });
      const read = async (field: "resident" | "anonymous") => (await readMemory(pid, field)) ?? NaN;
      return { resident: await read("resident"), anonymous: await read("anonymous") };
    };
    const early = await after(2_000);
    const late = await after(4_000);
    const idle = await idleNode();
    const row = (name: string, values: { keelson: number; reference?: number; limit: number | null }) =>
      makeRow({ case: name, services: null, unit: "MiB", isAbsolute: true, ...values });
    return [
      row("memory", { keelson: early.resident, reference: idle.resident, limit: 72 }),
      row("memory: growth", { keelson: late.resident - early.resident, limit: 2 }),
      row("memory: anonymous", { keelson: late.anonymous, reference: idle.anonymous, limit: null }),
    ];
  } finally {
    const ended = once(child, "close");
    child.kill("SIGTERM");
    await ended;
  }
}

async function idleNode(): Promise<{ resident: number; anonymous: number }> {
  const program = "setInterval(() => {}, 1000); console.log('up')";
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "ignore"] });
  await once(child.stdout, "data");
  const pid = child.pid ?? 0;
  const memory = {
    resident: (await readMemory(pid, "resident")) ?? NaN,
    anonymous: (await readMemory(pid, "anonymous")) ?? NaN,
  };
  const ended = once(child, "close");
  child.kill();
  await ended;
  return memory;
}
