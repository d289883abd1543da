import type { Engine } from "./engine.ts";
import { followLogs } from "./log-follower.ts";
import { readContainerLog } from "./log-reader.ts";
import { type MergedLog, openLogMerge } from "./log-merge.ts";
import { type LogLine, type LogRequest, lineOf, listLogged, sinceOf } from "./log-request.ts";
import { inspectContainer } from "./observed-container.ts";
import { type OwnContainer, noContainer } from "./own-container.ts";

/**
 * Gives the lines of the logs of this node's own containers of a project: by their times, or with `follow` as they come
 * until the signal. Without `timestamps` no time is known, and one container comes after the other. Throws K3010 when there is no such container, K3001 when the engine goes away,
 * K3009 when it has no log to give (some log drivers keep none).
 */
export async function streamLogs(engine: Engine, request: LogRequest): Promise<void> {
  try {
    const containers = await listLogged(engine, request);
    const { project, services } = request;
    const isThere = (service: string) => containers.some((each) => each.service === service);
    const missing = services.find((service) => !isThere(service));
    if (containers.length === 0 || missing !== undefined) throw noContainer({ project, service: missing });
    if (request.follow) await followLogs(engine, request);
    else await readMerged(engine, { request, containers });
  } catch (error) {
    // The caller that ends it needs no error for that.
    if (!request.signal.aborted) throw error;
  }
}

/** Reads all logs at the same time; a failure of one ends the others. */
async function readMerged(
  engine: Engine,
  { request, containers }: { request: LogRequest; containers: readonly OwnContainer[] },
): Promise<void> {
  const over = new AbortController();
  const either = { ...request, signal: AbortSignal.any([request.signal, over.signal]) };
  const open = openLogMerge<LogLine>(request.onLine);
  const logs = containers.map((container) => ({ container, log: open() }));
  const failures: unknown[] = [];
  await Promise.all(
    logs.map(async ({ container, log }) => {
      try {
        await readOnce(engine, { request: either, container, log });
      } catch (error) {
        failures.push(error);
        over.abort();
      } finally {
        log.end();
      }
    }),
  );
  // Those after the first say only that they were ended.
  if (failures.length > 0) throw failures[0];
}

async function readOnce(
  engine: Engine,
  { request, container, log }: { request: LogRequest; container: OwnContainer; log: MergedLog<LogLine> },
): Promise<void> {
  const { id, name: shown } = container;
  const { signal, timestamps, tail } = request;
  const info = await inspectContainer(engine, { id, signal });
  // It was removed meanwhile, and its log with it.
  if (info === null) return;
  let time = "";
  const push = (line: LogLine) => {
    if (timestamps) time = timeOf(line.text) ?? time;
    log.push(time, line);
  };
  await readContainerLog(engine, {
    id,
    shown,
    isTty: info.Config.Tty,
    follow: false,
    timestamps,
    tail,
    since: sinceOf(request),
    after: null,
    signal,
    onLine: lineOf({ onLine: push }, container),
    ready: log.ready,
  });
}

/** The engine's time, which begins a line; null where it does not. */
function timeOf(text: string): string | null {
  return /^\d{4}-\d\d-\d\dT\S+(?= )/.exec(text)?.[0] ?? null;
}
