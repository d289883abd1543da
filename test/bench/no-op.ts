import { findFreePort, waitFor } from "../support/index.ts";
import { startBench } from "./bench-platform.ts";
import { type Row, makeRow, median, timeMs } from "./measure.ts";

const pollsInARun = 200;
/** A watcher stays for months: what its first polls take says nothing of it. */
const firstPolls = 200;

/** A poll of the running watcher at Git and the engine, beside what a cron job does when there is nothing to do. */
export async function measureNoOp(trial: {
  services: number;
  runs: number;
  say: (text: string) => void;
}): Promise<Row> {
  const { services, runs } = trial;
  trial.say(`noop, ${services} services`);
  const port = await findFreePort();
  // It polls again and again, and tells itself what its polls took, without the pauses between them.
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
    const before = await untilPolls(port, firstPolls);
    const after = await untilPolls(port, before.count + pollsInARun);
    keelson.push((after.totalMs - before.totalMs) / (after.count - before.count));
    // An agent that polls without a pause would slow the reference down.
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

interface Polls {
  count: number;
  totalMs: number;
}

async function untilPolls(port: number, least: number): Promise<Polls> {
  const enough = async () => {
    const polls = await readPolls(port);
    return polls.count >= least && polls;
  };
  return waitFor(enough, { what: `${least} polls` });
}

async function readPolls(port: number): Promise<Polls> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const value = (name: string) => Number(new RegExp(`^keelson_agent_${name} (.*)$`, "m").exec(text)?.[1]);
  return { count: value("polls_total"), totalMs: value("poll_seconds_total") * 1000 };
}
