import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import type { Platform } from "../scenarios/platform.ts";
import { startBench } from "./bench-platform.ts";
import { type Row, makeRow, timeMs } from "./measure.ts";

const instances = 60;

/** Commits in a row, each of which changes one instance, followed one by one. */
export async function measureReplay(commits: number, say: (text: string) => void): Promise<Row[]> {
  say(`replay, ${commits} commits over ${instances} instances`);
  await using bench = await startBench({ instances, services: instances, isChecked: false });
  await bench.startAgent();
  const revisions = Array.from({ length: instances }, () => 1);
  await bench.publish(revisions);
  await bench.sync();
  await bench.referenceUp();

  const ids = async () => new Set((await bench.platform.containers()).map(({ id }) => id));
  const appliesBefore = countApplies(bench.platform);
  let before = await ids();
  let recreated = 0;
  const totals = { keelson: 0, reference: 0 };
  for (let commit = 0; commit < commits; commit++) {
    // Coprime with the number of instances: each is hit before one is hit again.
    const hit = (commit * 7) % instances;
    revisions[hit] = (revisions[hit] ?? 0) + 1;
    await bench.publish(revisions);
    totals.keelson += await timeMs(bench.sync);
    totals.reference += await timeMs(async () => bench.referenceUp());
    const after = await ids();
    recreated += [...after].filter((id) => !before.has(id)).length;
    before = after;
  }
  return [
    makeRow({
      case: "replay",
      services: instances,
      keelson: totals.keelson / 1000,
      reference: totals.reference / 1000,
      unit: "s",
      limit: 0.2,
    }),
    makeRow({
      case: "replay: applies",
      services: instances,
      keelson: countApplies(bench.platform) - appliesBefore,
      unit: "count",
      limit: commits,
    }),
    makeRow({
      case: "replay: recreated",
      services: instances,
      keelson: recreated,
      unit: "count",
      limit: commits,
    }),
  ];
}

/** Rounds that had something to do: others get no number in the record. */
function countApplies({ stateDir }: Platform): number {
  using record = new DatabaseSync(join(stateDir, "record.db"), { readOnly: true });
  return Number(record.prepare("SELECT max(id) AS last FROM rounds").get()?.["last"]);
}
