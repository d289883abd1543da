import type { Ailment } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

import { readLogEnd } from "./container-log.ts";
import type { Engine } from "./engine.ts";
import { quoted } from "./excerpt.ts";
import { readPastEvents } from "./past-event.ts";
import { untilSettledMs } from "./restart-calm.ts";

interface Asking {
  engine: Engine;
  signal?: AbortSignal | undefined;
}

/**
 * Why a container is not well; null for one that is, or that only has not been started. What cannot be found out about a
 * cause is left out of it: it hides nothing of what was observed.
 */
export async function findAilment(asking: Asking, info: ContainerInspectInfo): Promise<Ailment | null> {
  const { Status: state, ExitCode: exitCode, Health: health } = info.State;
  const { RestartCount: restarts } = info;
  if (untilSettledMs(info, Date.now()) > 0) {
    const [code, log] = await Promise.all([findLastExit(asking, info), readLogEnd(asking, info)]);
    return { exitCode: code, restarts, said: log.message };
  }
  if (state === "running" && health?.Status === "unhealthy") {
    return { exitCode: null, restarts, said: quotedCheck(info).message };
  }
  const hasEndedBadly = state === "restarting" || state === "dead" || (state === "exited" && exitCode !== 0);
  if (!hasEndedBadly) return null;
  return { exitCode, restarts, said: (await readLogEnd(asking, info)).message };
}

/** The last output of the health check, as the cause of an error. */
export function quotedCheck({ State: { Health: health } }: ContainerInspectInfo): Error {
  return quoted(withCutMark(health?.Log?.at(-1)?.Output ?? ""));
}

/** The engine keeps 4,096 bytes of a check's output and three dots; with our mark, half a secret at the end is hidden too. */
function withCutMark(output: string): string {
  return output.length >= 1_000 && output.endsWith("...") ? `${output.slice(0, -3)}…` : output;
}

/** The longest pause between two starts by the engine is a minute. */
const beforeStartMs = 120_000;

/** A container that runs again shows no exit code: the engine's memory of its events has it, for a while. */
async function findLastExit(
  { engine, signal }: Asking,
  { Id: id, State: { StartedAt: startedAt } }: ContainerInspectInfo,
): Promise<number | null> {
  const startedMs = Date.parse(startedAt);
  const events = await readPastEvents(
    { engine, signal },
    {
      id,
      actions: ["die"],
      sinceMs: startedMs - beforeStartMs,
      untilMs: startedMs,
    },
  );
  return events.at(-1)?.exitCode ?? null;
}
