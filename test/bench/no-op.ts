import { findFreePort, waitFor } from "../support/index.ts";
import { startBench } from "./bench-platform.ts";
import { type Row, makeRow, median, timeMs } from "./measure.ts";

const looksInARun = 200;
/** A watcher stays for months: what its first looks take says nothing of it. */
const firstLooks = 200;

/** A look of the running watcher at Git and the engine, beside what a cron job does when there is nothing to do. */
export async function measureNoOp(on: {
  services: number;
  runs: number;
  say: (text: string) => void;
}): Promise<Row> {
  const { services, runs } = on;
  on.say(`noop, ${services} services`);
  const port = await findFreePort();
  // It looks again and again, and tells itself what its looks took, without the pauses between them.
  await using bench = await startBench(
    { instances: 1, services, isChecked: true },
    { interval: "1ms", monitor: { port } },
  );
  const keelson: number[] = [];
  const reference: number[] = [];
  await bench.publish([1]);
  await bench.referenceUp();
  for (let run = 0; run < runs; run++) {
    await bench.startAgent();
    const before = await untilLooks(port, firstLooks);
    const after = await untilLooks(port, before.count + looksInARun);
    keelson.push((after.totalMs - before.totalMs) / (after.count - before.count));
    // An agent that looks without a pause would slow the reference down.
    await bench.stopAgent();
    reference.push(await timeMs(async () => bench.referenceUp({ fetch: "fetch" })));
  }
  return makeRow({
    case: "noop",
    services,
    keelson: median(keelson),
    reference: median(reference),
    unit: "ms",
    limit: services >= 100 ? 0.1 : 0.125,
  });
}

interface Looks {
  count: number;
  totalMs: number;
}

async function untilLooks(port: number, least: number): Promise<Looks> {
  const enough = async () => {
    const looks = await readLooks(port);
    return looks.count >= least && looks;
  };
  return waitFor(enough, { what: `${least} looks`, timeoutMs: 60_000 });
}

async function readLooks(port: number): Promise<Looks> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^keelson_agent_${name} (.*)$`, "m").exec(text)?.[1]);
  return { count: value("looks_total"), totalMs: value("look_seconds_total") * 1000 };
}
