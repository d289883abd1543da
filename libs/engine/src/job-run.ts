import { randomUUID } from "node:crypto";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import {
  KeelsonError,
  closedComposeEnvironment,
  composeLabels,
  isSystemError,
  stalled,
  transient,
} from "@keelson/model";

import { noFolder } from "./compose-process.ts";
import { listContainers } from "./container-list.ts";
import { stopGraceOf } from "./container-stop.ts";
import type { EngineContext } from "./context.ts";
import type { Engine } from "./engine.ts";
import { quoted } from "./excerpt.ts";
import { recordOf, textOf } from "./json-reader.ts";
import { readLastOutput } from "./last-output.ts";
import { listedName } from "./listed-name.ts";
import { askEngine, hasStatus, throwIfCancelled } from "./request.ts";

export interface JobRun {
  composeBinary: string;
  /** The resolved Compose file that the instance runs from. */
  composeFile: string;
  project: string;
  service: string;
  /** From `newRunName`. */
  name: string;
  /** Instead of the service's own command; empty: its own. */
  command: readonly string[];
  stdout: Writable;
  stderr: Writable;
  /** Called when the container has started. */
  onStart?: () => void;
  /** Stops the container, with its own time to stop, and then throws K3014. */
  signal: AbortSignal;
}

/** What of Compose's own words is kept to explain its failure. */
const keptCharacters = 8_192;
const stopEveryMs = 500;

/** A name for the container of a run, which no other one has. */
export function newRunName({ project, service }: Pick<JobRun, "project" | "service">): string {
  return `${project}-${service}-run-${randomUUID().slice(0, 12)}`;
}

/**
 * Runs a service once more in a container of its own, which is removed at its end, and returns its exit code. Nothing else is
 * started, and no image is pulled. The container reads an empty input. Throws K3008 when Compose could not run it.
 */
export async function runJob(engine: Engine, job: JobRun): Promise<number> {
  const { signal, project, service, name } = job;
  const what = `run ${project}/${service}`;
  throwIfCancelled(signal, what);
  // Compose's exit code may be its own; the engine says how the container ended.
  await using ends = await watchEnd(engine, { name, what, signal, onStart: job.onStart ?? (() => {}) });
  const over = new AbortController();
  const stopping = stopWhenCancelled(engine, { name, signal, over: over.signal });
  let words = "";
  const stderr = withoutLastBreak(job.stderr);
  const exitCode = await runCompose(engine, job, (chunk, stream) => {
    if (stream === "stderr") words = (words + chunk.toString("utf8")).slice(-keptCharacters);
    (stream === "stderr" ? stderr : job.stdout).write(chunk);
  }).finally(() => over.abort());
  await stopping;
  const ended = ends.exitCode();
  stderr.end({ isFailedJob: ended !== null && ended !== 0 });
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

/**
 * Stops the container of a run, with its own stop grace or the longest that the node gives, and returns what it wrote last. The
 * engine then removes it; one that is stopped or gone is fine.
 */
export async function stopRun(
  { engine, signal, longestStopMs }: Pick<EngineContext, "engine" | "signal" | "longestStopMs">,
  name: string,
): Promise<string> {
  const grace = await stopGraceOf({ engine, signal, longestStopMs }, name);
  const said = await readLastOutput(engine, { id: name, signal });
  try {
    await askEngine(engine, {
      what: `stop container ${name}`,
      signal,
      timeoutMs: engine.timeoutMs + grace.ms,
      send: (abortSignal) => engine.docker.getContainer(name).stop({ ...grace.request, abortSignal }),
    });
  } catch (error) {
    if (!hasStatus(error, 304, 404)) throw error;
  }
  return said;
}

/** The exit code of Compose. The library rejects for any other code than 0, with an object that is no error. */
async function runCompose(
  engine: Engine,
  { composeBinary, composeFile, project, service, command, name }: JobRun,
  onOutput: (chunk: Buffer, stream: "stdout" | "stderr" | undefined) => void,
): Promise<number> {
  // No round needs it.
  const { run } = await import("docker-compose");
  try {
    // The library has options of its own before the service. What follows `--` is none, whatever it begins with.
    await run("--", [service, ...command], {
      cwd: "/",
      executable: { standalone: true, executablePath: composeBinary },
      composeOptions: ["--ansi=never", "--progress=quiet", `--project-name=${project}`],
      config: composeFile,
      commandOptions: ["--rm", "--no-deps", "--interactive=false", "--pull=never", `--name=${name}`],
      env: {
        ...closedComposeEnvironment(noFolder),
        DOCKER_HOST: engine.dockerHost,
        COMPOSE_IGNORE_ORPHANS: "1",
        COMPOSE_MENU: "0",
      },
      // It would be kept in memory to its end.
      maxOutputLength: 0,
      callback: onOutput,
    });
    return 0;
  } catch (error) {
    const { exitCode } = recordOf(error);
    if (exitCode === null || typeof exitCode === "number") return exitCode ?? 1;
    if (!isSystemError(error)) throw error;
    throw new KeelsonError({
      code: "K3008",
      message: `Compose cannot be started as ${composeBinary}`,
      hint: "Install Docker Compose v2, or name its program.",
      outcome: stalled,
      cause: error,
    });
  }
}

const lineBreak = "\n".charCodeAt(0);

/** After the output of a job that failed, Compose writes an empty line of its own: an empty line waits for what follows. */
function withoutLastBreak(stderr: Writable) {
  let isHeld = false;
  return {
    write: (chunk: Buffer) => {
      if (isHeld) stderr.write("\n");
      const isBreak = chunk.at(-1) === lineBreak;
      isHeld = isBreak && (chunk.length === 1 || chunk.at(-2) === lineBreak);
      stderr.write(isHeld ? chunk.subarray(0, -1) : chunk);
    },
    end: ({ isFailedJob }: { isFailedJob: boolean }) => {
      if (isHeld && !isFailedJob) stderr.write("\n");
    },
  };
}

interface ContainerEnd extends AsyncDisposable {
  /** Null while it has not ended, or was never started. */
  exitCode: () => number | null;
}

async function watchEnd(
  engine: Engine,
  { name, what, signal, onStart }: { name: string; what: string; signal: AbortSignal; onStart: () => void },
): Promise<ContainerEnd> {
  const connection = new AbortController();
  const events: Readable = Object(
    await askEngine(engine, {
      what,
      signal,
      send: async () =>
        engine.docker.getEvents({
          filters: { type: ["container"], container: [name], event: ["start", "die"] },
          abortSignal: connection.signal,
        }),
    }),
  );
  let open = "";
  let code: number | null = null;
  events.on("data", (chunk: Buffer) => {
    const lines = (open + chunk.toString("utf8")).split("\n");
    open = lines.pop() ?? "";
    for (const line of lines.filter((each) => each.trim() !== "")) {
      const { Action: action, Actor: actor } = recordOf(JSON.parse(line));
      if (action === "start") onStart();
      const said = textOf(recordOf(recordOf(actor)["Attributes"])["exitCode"]);
      if (action === "die" && said !== "") code ??= Number(said);
    }
  });
  // What the engine does not tell any more is as if it had not ended: then Compose's own word counts.
  events.on("error", () => {});
  return {
    exitCode: () => code,
    [Symbol.asyncDispose]: async () => {
      connection.abort();
      events.destroy();
      await Promise.resolve();
    },
  };
}

/** The library cannot end its child; Compose ends when its container does, which may not be made yet. */
async function stopWhenCancelled(
  engine: Engine,
  { name, signal, over }: { name: string; signal: AbortSignal; over: AbortSignal },
): Promise<void> {
  const either = AbortSignal.any([signal, over]);
  if (!either.aborted)
    await new Promise((resolve) => either.addEventListener("abort", resolve, { once: true }));
  while (!over.aborted) {
    try {
      await askEngine(engine, {
        what: `stop ${name}`,
        send: async (abortSignal) => engine.docker.getContainer(name).stop({ abortSignal }),
      });
    } catch (error) {
      // It is not there yet or not any more.
      if (!hasStatus(error, 304, 404, 409)) throw error;
    }
    await sleep(stopEveryMs);
  }
}
