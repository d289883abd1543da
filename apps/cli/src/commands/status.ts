import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { KeelsonError, Status, stalled } from "@keelson/model";

import { findAgentConfig } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printStatus } from "../print/status.ts";

/** What this node last reported, from its own folder; no engine and no Git is asked. */
export async function status(
  options: { stateDir?: string; config?: string },
  output: Output,
): Promise<ExitCode> {
  const stateDir = options.stateDir ?? findAgentConfig(options.config)?.stateDir ?? "/var/lib/keelson";
  const path = resolve(stateDir, "status.json");
  const report = readStatus(path);
  if (output.json) output.printJson(report);
  else printStatus(output, report);
  return report.conditions.some(({ type, status }) => type === "Ready" && status === "true")
    ? exitCodes.done
    : exitCodes.failed;
}

function readStatus(path: string): Status {
  if (!existsSync(path)) {
    throw new KeelsonError({
      code: "K4007",
      message: `there is no status at ${path}`,
      hint: "Nothing was applied here yet, or the state folder is another one: --state-dir DIR.",
      outcome: stalled,
    });
  }
  const result = Status.safeParse(JSON.parse(readFileSync(path, "utf8")));
  if (result.success) return result.data;
  throw new KeelsonError({
    code: "K4008",
    message: `${path} is not a status that this version can read`,
    hint: "The next round writes it anew: keelson apply, or wait for the agent.",
    outcome: stalled,
    cause: result.error,
  });
}
