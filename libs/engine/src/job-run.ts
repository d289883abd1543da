import { randomUUID } from "node:crypto";
import type { Writable } from "node:stream";

import { KeelsonError, composeLabels, transient } from "@keelson/model";

import { listContainers } from "./container-list.ts";
import type { Engine } from "./engine.ts";
import { quoted } from "./excerpt.ts";
import { type ComposeRun, runCompose, withoutLastBreak } from "./job-compose.ts";
import { watchRun } from "./job-event.ts";
import { requireStopped, stopFrom } from "./job-stop.ts";
import { listedName } from "./listed-name.ts";
import { throwIfCancelled } from "./request.ts";

export interface JobRun extends ComposeRun {
  stdout: Writable;
  stderr: Writable;
  /** Called when the container has started. What it throws stops the container, and is then thrown. */
  onStart?: () => void;
  /** Stops the container, with its own stop grace, and then throws K3014. */
  signal: AbortSignal;
  /** The most that the container gets to end by itself, whatever it was made with. */
  longestStopMs: number;
}

/** What of Compose's own words is kept to explain its failure. */
const keptCharacters = 8_192;

/** A name for the container of a run, which no other one has. */
export function newRunName({ project, service }: Pick<JobRun, "project" | "service">): string {
  return `${project}-${service}-run-${randomUUID().slice(0, 12)}`;
}

/**
 * Runs a service once more in a container of its own, which is removed at its end, and returns its exit code. Nothing else is
 * started, and no image is pulled. The container reads an empty input. Throws K3008 when Compose could not run it,
 * and K3053 when its container may still be at work though it was to be stopped.
 */
export async function runJob(engine: Engine, job: JobRun): Promise<number> {
  const { signal, project, service, name, longestStopMs } = job;
  const what = `run ${project}/${service}`;
  throwIfCancelled(signal, what);
  // Compose's exit code may be its own; the engine says how the container ended.
  await using watch = await watchRun(engine, { name, signal, onStart: job.onStart ?? (() => {}) });
  const stop = AbortSignal.any([signal, watch.failed]);
  const over = new AbortController();
  const stopping = stopFrom(stop, { engine, signal: over.signal, longestStopMs, name });
  let words = "";
  const stderr = withoutLastBreak(job.stderr);
  const composing = runCompose(engine, job, (chunk, stream) => {
    if (stream === "stderr") words = (words + chunk.toString("utf8")).slice(-keptCharacters);
    (stream === "stderr" ? stderr : job.stdout).write(chunk);
  }).finally(() => over.abort());
  const [exitCode] = await Promise.all([composing, stopping]);
  const ended = watch.exitCode();
  stderr.end({ isFailedJob: ended !== null && ended !== 0 });
  // Compose also ends when it loses the engine: its container goes on then.
  if (stop.aborted && ended === null) await requireStopped({ engine, longestStopMs }, name);
  watch.failed.throwIfAborted();
  throwIfCancelled(signal, what);
  if (ended !== null) return ended;
  if (exitCode === 0) return 0;
  throw new KeelsonError({
    code: "K3008",
    message: `Compose could not ${what}`,
    outcome: transient,
    cause: quoted(words, { lines: 20 }),
  });
}

/** Names of the containers in which a service runs once more now, whoever has started them. */
export async function findRuns(
  engine: Engine,
  { project, service, signal }: Pick<JobRun, "project" | "service" | "signal">,
): Promise<string[]> {
  const labels = [
    `${composeLabels.project}=${project}`,
    `${composeLabels.service}=${service}`,
    `${composeLabels.oneOff}=True`,
  ];
  const containers = await listContainers(engine, { labels, signal });
  return containers.filter(({ State: state }) => state !== "exited" && state !== "dead").map(listedName);
}
