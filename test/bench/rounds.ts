import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

import { type Engine, plainEnvironment, waitFor } from "../support/index.ts";
import {
  type BenchPlatform,
  agentBundle,
  keelsonBundle,
  readStateFile,
  startBench,
} from "./bench-platform.ts";
import { type Row, alternate, makeRow, median, timeMs } from "./measure.ts";
import { watchPeak } from "./process-memory.ts";

export interface RoundsInput {
  services: number;
  runs: number;
  say: (text: string) => void;
}

/** What one node with so many services of one instance does, beside the same services kept by Compose alone. */
export async function measureRounds({ services, runs, say }: RoundsInput): Promise<Row[]> {
  await using bench = await startBench({ instances: 1, services, isChecked: true });
  await bench.startAgent();
  let revision = 0;
  const rows: Row[] = [];

  say(`first-start, ${services} services`);
  const start = await alternate(runs, {
    keelson: async () => {
      await bench.publish([null]);
      await bench.sync();
      await bench.publish([++revision]);
      return timeMs(bench.sync);
    },
    reference: async () => {
      await bench.referenceDown();
      return timeMs(async () => bench.referenceUp({ args: ["--wait"] }));
    },
  });
  rows.push(makeRow({ case: "first-start", services, ...start, unit: "ms", limit: 1.1 }));

  say(`change, ${services} services`);
  const change = await alternate(runs, {
    keelson: async () => {
      await bench.publish([++revision]);
      return timeMs(bench.sync);
    },
    reference: async () => timeMs(async () => bench.referenceUp({ args: ["--wait"] })),
  });
  rows.push(makeRow({ case: "change", services, ...change, unit: "ms", limit: 1.3 }));
  const { seconds } = JSON.parse(await readStateFile(bench.platform, "status.json")).operation;
  for (const [step, value] of Object.entries<number>(seconds)) {
    rows.push(makeRow({ case: `change: ${step}`, services, keelson: value * 1000, unit: "ms", limit: null }));
  }

  say(`plan and round-memory, ${services} services`);
  rows.push(await measurePlan(bench, { services, runs }));
  if (services === 100) rows.push(await measureRoundMemory(bench, services));

  say(`heal, ${services} services`);
  rows.push(await measureHeal(bench, { services, runs }));
  return rows;
}

async function measurePlan(
  bench: BenchPlatform,
  { services, runs }: { services: number; runs: number },
): Promise<Row> {
  const { platform } = bench;
  const env = plainEnvironment();
  const plan = keelsonBundle("plan", "--config", platform.config);
  const dryRun = bench.composeCommand(0, "up", "-d", "--dry-run");
  const times = await alternate(runs, {
    keelson: async () => timeMs(async () => runToEnd(plan, { env, cwd: platform.repository.path })),
    reference: async () => timeMs(async () => runToEnd(dryRun.command, dryRun)),
  });
  return makeRow({ case: "plan", services, ...times, unit: "ms", limit: 2 });
}

/** The peaks of the two processes that bring a change to the engine. */
async function measureRoundMemory(bench: BenchPlatform, services: number): Promise<Row> {
  const round = agentBundle("reconcile", "--config", bench.platform.config);
  const up = bench.composeCommand(0, "up", "-d");
  return makeRow({
    case: "round-memory",
    services,
    keelson: await runToEnd(round, { env: plainEnvironment() }),
    reference: await runToEnd(up.command, up),
    unit: "MiB",
    limit: null,
  });
}

/** Returns the peak of its memory in MiB. */
async function runToEnd(
  [program, ...args]: readonly [string, ...string[]],
  { env, cwd }: { env: NodeJS.ProcessEnv; cwd?: string },
): Promise<number> {
  const child = spawn(program, args, { env, cwd, stdio: "ignore" });
  const ended = once(child, "close");
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const peak = await watchPeak(child.pid ?? 0, isRunning);
  await ended;
  if (child.exitCode !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${child.exitCode}`);
  return peak;
}

/** From the engine's word that a container died, by its clock of the same machine, to the plan that starts it again. */
async function measureHeal(
  bench: BenchPlatform,
  { services, runs }: { services: number; runs: number },
): Promise<Row> {
  const { platform, engine, plannedAtMs } = bench;
  const containers = (await platform.containers()).filter(({ service }) => service !== "s0");
  const times: number[] = [];
  for (const { id } of containers.slice(0, runs)) {
    await bench.sync(); // at rest, as nodes are
    const container = engine.docker.getContainer(id);
    const plans = plannedAtMs.length;
    const sinceS = Math.floor(Date.now() / 1000);
    await container.kill();
    const diedAtMs = await readDeathMs(engine, { id, sinceS });
    await waitFor(() => plannedAtMs.length > plans, { what: "the plan" });
    times.push((plannedAtMs[plans] ?? NaN) - diedAtMs);
    await waitFor(async () => (await container.inspect()).State.Running, {
      what: "the repair",
    });
  }
  return makeRow({ case: "heal", services, keelson: median(times), unit: "ms", limit: 250 });
}

/** When the engine told that a container had died, in milliseconds since 1970: nobody can know it before. */
async function readDeathMs(
  { docker }: Engine,
  { id, sinceS }: { id: string; sinceS: number },
): Promise<number> {
  const until = Math.ceil(Date.now() / 1000);
  const filters = { container: [id], event: ["die"] };
  const said = await text(await docker.getEvents({ since: sinceS, until, filters }));
  const last = said.trim().split("\n").at(-1) ?? "";
  return JSON.parse(last).timeNano / 1e6;
}
