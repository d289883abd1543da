import { type Status, formatError } from "@keelson/model";
import { findStatusFault, readLocalStatus, readSuspension, seeAgent } from "@keelson/node";

import { type FleetOptions, readFleet } from "../fleet.ts";
import { waitForCommit } from "../fleet-wait.ts";
import { defaultConfigPath, defaultStateDir } from "../node-options.ts";
import { findAgentConfig } from "../node-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { formatFleet } from "../print/fleet.ts";
import { watchFleet } from "../print/fleet-watch.ts";
import { formatDoing } from "../print/work.ts";
import { printStatus } from "../print/status.ts";

export interface StatusOptions extends FleetOptions {
  /** Seconds between refreshes. */
  watch?: number;
  /** The commit that the nodes are waited for to apply. */
  wait?: string;
  /** Milliseconds that it is waited for at the longest. */
  timeout: number;
  local?: boolean;
  stateDir?: string;
  config?: string;
}

/** The last status of all nodes, from a clone of the state repository; with `--local` this node's, from its folder. */
export async function status(
  options: StatusOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  if (options.local === true) return await showLocal(options, output);
  const { wait, timeout } = options;
  if (wait !== undefined) return await waitForCommit({ ...options, wait, timeout }, { output, signal });
  const read = () => readFleet(options, { tell: output.printError, signal });
  if (options.watch !== undefined) {
    await watchFleet({ readFleet: read, output, intervalMs: options.watch * 1000, signal });
    return exitCodes.done;
  }
  const { view, warning } = await read();
  if (warning !== "") output.printError(warning);
  if (output.json) output.printJson(view.rows);
  else output.print(formatFleet(view, { style: output.style, columns: process.stdout.columns }));
  const isReady = view.rows.every(({ state }) => state === "ready");
  return isReady && warning === "" ? exitCodes.done : exitCodes.failed;
}

/** The last status of this node, from its state folder. Neither the engine nor Git is asked. */
async function showLocal(options: StatusOptions, output: Output): Promise<ExitCode> {
  const stateDir =
    options.stateDir ?? findAgentConfig(options.config ?? defaultConfigPath)?.stateDir ?? defaultStateDir;
  const last = await withSuspension(await readLocalStatus(stateDir), stateDir);
  const fault = await findStatusFault(stateDir);
  if (fault !== null) output.printError(formatError(fault));
  const { isRunning, work } = await seeAgent(stateDir, Number.MAX_SAFE_INTEGER);
  const trigger = work?.trigger ?? null;
  const doing = work?.doing ?? [];
  if (output.json) {
    const atWork = trigger === null ? {} : { work: { trigger, doing } };
    output.printJson({ ...last, isAgentRunning: isRunning, ...atWork });
  } else {
    printStatus(output, last, fault);
    if (trigger !== null)
      output.print([`a round is at work: ${trigger}`, formatDoing({ doing })].join("\n").trim());
    if (isRunning === false)
      output.print("no agent is running: nothing is repaired, and this status stays as it is");
  }
  if (fault !== null) return exitCodes.failed;
  const isReady = last.conditions.some(({ type, status }) => type === "Ready" && status === "true");
  return isReady && last.suspended === undefined ? exitCodes.done : exitCodes.failed;
}

/** Where no agent runs, no round has told of a suspension yet, or of its end. */
async function withSuspension({ suspended: _told, ...last }: Status, stateDir: string): Promise<Status> {
  const suspended = await readSuspension(stateDir);
  return suspended === null ? last : { ...last, suspended };
}
