import { readLocalStatus } from "@keelson/node";

import { defaultStateDir, findAgentConfig } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printStatus } from "../print/status.ts";

/** What this node last reported, from its own folder; no engine and no Git is asked. */
export async function status(
  options: { stateDir?: string; config?: string },
  output: Output,
): Promise<ExitCode> {
  const report = await readLocalStatus(
    options.stateDir ?? findAgentConfig(options.config)?.stateDir ?? defaultStateDir,
  );
  if (output.json) output.printJson(report);
  else printStatus(output, report);
  const isReady = report.conditions.some(({ type, status }) => type === "Ready" && status === "true");
  return isReady ? exitCodes.done : exitCodes.failed;
}
