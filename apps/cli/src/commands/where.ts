import { KeelsonError, codeOf, quote, redact, stalled } from "@keelson/model";
import { findEvidence } from "@keelson/node";
import { judgeState } from "@keelson/report";

import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { type Whereabouts, printWhere } from "../print/where.ts";
import { type EngineOptions, readEngineSettings } from "./logs.ts";

/** Says where everything of an instance is on this node. The exit code is 1 where the engine cannot be asked. */
export async function where(
  options: EngineOptions,
  { instance, output, signal }: { instance: string; output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const settings = readEngineSettings(options);
  const { told, engineError, ...evidence } = await findEvidence(settings, { instance, signal });
  const state = judgeState({ told, ...evidence });
  if (state === null) throw notKnown(instance);
  const found: Whereabouts = {
    node: { environment: settings.environment, name: settings.node },
    instance,
    state,
    package: told?.package ?? "",
    version: told?.version ?? "",
    releaseVersion: told?.releaseVersion ?? null,
    ...evidence,
    engineError: engineError === null ? null : describe(engineError),
  };
  if (output.json) output.printJson(found);
  else printWhere(output, found);
  return engineError === null ? exitCodes.done : exitCodes.failed;
}

function describe(error: unknown): { code: string; message: string } {
  return { code: codeOf(error), message: error instanceof Error ? redact(error.message) : "" };
}

function notKnown(instance: string): KeelsonError {
  return new KeelsonError({
    code: "K9074",
    message: `this node knows nothing of an instance ${quote(instance)}`,
    hint: "keelson status --local lists its instances. Which node has one, keelson status says in a clone.",
    outcome: stalled,
  });
}
