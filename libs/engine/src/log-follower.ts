import { watchContainers } from "./container-event.ts";
import type { Engine } from "./engine.ts";
import { readContainerLog } from "./log-reader.ts";
import { type LogRequest, lineOf, listLogged, sinceOf } from "./log-request.ts";
import { inspectContainer } from "./observed-container.ts";
import { type OwnContainer, projectFilter } from "./own-container.ts";

/** Events only wake; after a lost one, a container's log waits for the next poll. */
const pollMs = 2_000;

/** What has been read of a container. The engine ends an answer with the container's run. */
interface Progress {
  isReading: boolean;
  /** The run that was read; empty before the first. */
  startedAt: string;
  lastTime: string | null;
}

interface Follower {
  request: LogRequest;
  progress: Map<string, Progress>;
  /** The request's `tail` and `since` are about the containers of the first poll. */
  isFirst: boolean;
}

/** Follows the logs of all own containers, also of those to come, until the signal (K3014). */
export async function followLogs(engine: Engine, request: LogRequest): Promise<void> {
  const { signal } = request;
  const over = new AbortController();
  using waker = watchContainers(engine, { labels: projectFilter(request) });
  const failed = Promise.withResolvers<never>();
  const onAbort = () => over.abort(signal.reason);
  over.signal.addEventListener("abort", () => waker.wake(), { once: true });
  signal.addEventListener("abort", onAbort, { once: true });
  const follower: Follower = {
    request: { ...request, signal: over.signal },
    progress: new Map(),
    isFirst: true,
  };
  try {
    for (;;) {
      // Throws K3014 once the signal came.
      for (const container of await listLogged(engine, follower.request)) {
        followRun(engine, { follower, container }).catch(failed.reject);
      }
      follower.isFirst = false;
      await Promise.race([waker.next(pollMs), failed.promise]);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    over.abort();
    // The readers that are left end with it, and their errors say nothing new.
    failed.promise.catch(() => {});
  }
}

async function followRun(
  engine: Engine,
  { follower, container }: { follower: Follower; container: OwnContainer },
): Promise<void> {
  const { request, progress, isFirst } = follower;
  const { id, name: shown, isRunning } = container;
  const known = progress.get(id);
  if (known !== undefined && (known.isReading || !isRunning)) return;
  const own: Progress = known ?? { isReading: true, startedAt: "", lastTime: null };
  progress.set(id, own);
  own.isReading = true;
  try {
    const info = await inspectContainer(engine, { id, signal: request.signal });
    if (info === null || info.State.StartedAt === own.startedAt) return;
    own.startedAt = info.State.StartedAt;
    const isAsked = known === undefined && isFirst;
    const since = own.lastTime ?? info.State.FinishedAt;
    const rest = { tail: "all" as const, since: known === undefined ? null : secondsOf(since) };
    own.lastTime = await readContainerLog(engine, {
      id,
      shown,
      isTty: info.Config.Tty,
      follow: true,
      timestamps: request.timestamps,
      ...(isAsked ? { tail: request.tail, since: sinceOf(request) } : rest),
      after: own.lastTime,
      signal: request.signal,
      onLine: lineOf(request, container),
    });
  } finally {
    own.isReading = false;
  }
}

/** The engine's times have nanoseconds, which a Date has not; null for its zero time. */
function secondsOf(time: string): string | null {
  if (time.startsWith("0001-")) return null;
  const fraction = /\.(\d{1,9})/.exec(time)?.[1] ?? "0";
  return `${Math.floor(Date.parse(time) / 1_000)}.${fraction.padEnd(9, "0")}`;
}
