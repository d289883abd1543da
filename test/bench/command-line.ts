import { runProgram } from "../support/index.ts";
import { keelsonBundle } from "./bench-platform.ts";
import { type Row, alternate, makeRow, timeMs } from "./measure.ts";

/** How soon the command is there, beside a Node that does nothing. */
export async function measureCommandLine(runs: number): Promise<Row> {
  const time = (command: readonly [string, ...string[]]) => async () =>
    timeMs(async () => runProgram(command));
  const times = await alternate(runs * 4, {
    keelson: time(keelsonBundle("version")),
    reference: time([process.execPath, "-e", "0"]),
  });
  return makeRow({ case: "cli", services: null, ...times, unit: "ms", limit: 2.5 });
}
