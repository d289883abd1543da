import { waitFor } from "../support/index.ts";
import { startBench } from "./bench-platform.ts";
import { type Row, makeRow, median, timeMs } from "./measure.ts";

/** The watcher looks as fast as it can: what is between two looks is a look. */
const agent = { interval: "1ms" };
const looksInARun = 100;

/** A look of the running watcher at Git and the engine, beside what a cron job does when there is nothing to do. */
export async function measureNoOp(on: {
  services: number;
  runs: number;
  say: (text: string) => void;
}): Promise<Row> {
  const { services, runs } = on;
  on.say(`noop, ${services} services`);
  await using bench = await startBench({ instances: 1, services }, agent);
  const { requests } = bench.platform.server;
  const keelson: number[] = [];
  const reference: number[] = [];
  await bench.publish([1]);
  await bench.referenceUp();
  for (let run = 0; run < runs; run++) {
    await bench.startAgent();
    const before = requests.length;
    const elapsedMs = await timeMs(async () =>
      waitFor(() => requests.length >= before + looksInARun, { what: "the looks", timeoutMs: 60_000 }),
    );
    keelson.push(elapsedMs / (requests.length - before));
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
