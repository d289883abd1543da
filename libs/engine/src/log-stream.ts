import type { Engine } from "./engine.ts";
import { followLogs } from "./log-follower.ts";
import { readContainerLog } from "./log-reader.ts";
import { type LogRequest, lineOf, sinceOf } from "./log-request.ts";
import { inspectContainer } from "./observed-container.ts";
import { type OwnContainer, listOwnContainers, noContainer } from "./own-container.ts";

/**
 * Gives the lines of the logs of this node's own containers of a project: one container after the other, or with
 * `follow` as they come until the signal. Throws K3010 when there is no such container, K3001 when the engine goes away,
 * K3009 when it has no log to give (some log drivers keep none).
 */
export async function streamLogs(engine: Engine, request: LogRequest): Promise<void> {
  try {
    const containers = await listOwnContainers(engine, request);
    if (containers.length === 0) throw noContainer(request);
    if (request.follow) await followLogs(engine, request);
    else for (const container of containers) await readOnce(engine, { request, container });
  } catch (error) {
    // The caller that ends it needs no error for that.
    if (!request.signal.aborted) throw error;
  }
}

async function readOnce(
  engine: Engine,
  { request, container }: { request: LogRequest; container: OwnContainer },
): Promise<void> {
  const { id, name: shown } = container;
  const { signal, timestamps, tail } = request;
  const info = await inspectContainer(engine, { id, signal });
  // It was removed meanwhile, and its log with it.
  if (info === null) return;
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
    onLine: lineOf(request, container),
  });
}
