import { readLocalStatus } from "@keelson/node";

import { type FleetOptions, lookAtFleet } from "../fleet.ts";
import { defaultConfigPath, defaultStateDir } from "../node-options.ts";
import { findAgentConfig } from "../node-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { formatFleet } from "../print/fleet.ts";
import { watchFleet } from "../print/fleet-watch.ts";
import { printStatus } from "../print/status.ts";

export interface StatusOptions extends FleetOptions {
  /** Seconds between looks. */
  watch?: number;
  local?: boolean;
  stateDir?: string;
  config?: string;
}

/** What the nodes last reported: all of them as a clone of the state repository has it, or this one from its folder. */
export async function status(
  options: StatusOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  if (options.local === true) return await showLocal(options, output);
  const look = () => lookAtFleet(options, output.printError);
  if (options.watch !== undefined) {
    await watchFleet({ look, output, intervalMs: options.watch * 1000, signal });
    return exitCodes.done;
  }
  const { view, warning } = await look();
  if (warning !== "") output.printError(warning);
  if (output.json) output.printJson(view.rows);
  else output.print(formatFleet(view, { style: output.style, columns: process.stdout.columns }));
  const isReady = view.rows.every(({ state }) => state === "ready");
  return isReady && warning === "" ? exitCodes.done : exitCodes.failed;
}

/** What this node last reported, from its own folder; no engine and no Git is asked. */
async function showLocal(options: StatusOptions, output: Output): Promise<ExitCode> {
  const report = await readLocalStatus(
    options.stateDir ?? findAgentConfig(options.config ?? defaultConfigPath)?.stateDir ?? defaultStateDir,
  );
  if (output.json) output.printJson(report);
  else printStatus(output, report);
  const isReady = report.conditions.some(({ type, status }) => type === "Ready" && status === "true");
  return isReady ? exitCodes.done : exitCodes.failed;
}
