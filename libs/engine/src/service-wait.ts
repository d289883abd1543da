import { KeelsonError, type OperationOf, transient, wayBack } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

import { quotedCheck } from "./ailment.ts";
import { watchContainers } from "./container-event.ts";
import { readLogEnd } from "./container-log.ts";
import type { EngineContext } from "./context.ts";
import { inspectContainer, nameOf } from "./observed-container.ts";
import { mapParallel } from "./parallel.ts";
import { throwIfCancelled } from "./request.ts";
import { projectFilter } from "./own-container.ts";
import { listServiceContainers } from "./service-container.ts";
import { judgeCondition } from "./service-condition.ts";
import { noContainer, showProject } from "./own-container.ts";

type AwaitService = OperationOf<"await-service">;

const firstPauseMs = 100;
const longestPauseMs = 1_000;
/** How long a container without a health check must run: one that ends at once has not come up. */
const leastRunMs = 500;

/**
 * Waits until all containers of a service meet a condition, `timeoutMs` at the longest; for a container that is starting,
 * the time since its start counts. Throws K3005 when one is not healthy in time, K3006 when a job fails or does not
 * end in time, K3010 when one does not stay running or is gone; the container's last output is the cause. It does not wait
 * for a container that cannot recover.
 */
export async function awaitService(context: EngineContext, operation: AwaitService): Promise<void> {
  const begunAt = Date.now();
  let deadline = begunAt + operation.timeoutMs;
  using waker = watchContainers(context.engine, { labels: projectFilter(operation) });
  const cancelled = () => waker.wake();
  context.signal.addEventListener("abort", cancelled, { once: true });
  try {
    const firstSeen: FirstSeen = new Map();
    for (let pauseMs = firstPauseMs, isFirst = true; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      throwIfCancelled(context.signal, `wait for ${showProject(operation)}`);
      const unmet = await findUnmet(context, { operation, firstSeen });
      if (unmet === null) return;
      if (isFirst) deadline -= spentMs(unmet.info, { operation, begunAt, isLocal: context.engine.isLocal });
      isFirst = false;
      const leftMs = deadline - Date.now();
      if (unmet.isFinal || leftMs <= 0) throw await describeFailure(context, { operation, info: unmet.info });
      // An end in between comes as an event.
      const untilMs = unmet.steadyInMs === Infinity ? pauseMs : unmet.steadyInMs;
      await waker.next(Math.min(untilMs, leftMs));
    }
  } finally {
    context.signal.removeEventListener("abort", cancelled);
  }
}

/**
 * The part of the trial that has passed already: the round that began it may have been ended. It compares only one clock
 * with itself, and only where nothing else can have happened since the start.
 */
function spentMs(
  { State: state }: ContainerInspectInfo,
  { operation, begunAt, isLocal }: { operation: AwaitService; begunAt: number; isLocal: boolean },
): number {
  const isOneShot = operation.condition === "service_completed_successfully";
  const isOnItsWay = state.Status === "running" && (isOneShot || state.Health?.Status === "starting");
  return isOnItsWay && isLocal ? Math.max(0, begunAt - Date.parse(state.StartedAt)) : 0;
}

interface Unmet {
  info: ContainerInspectInfo;
  isFinal: boolean;
  /** Milliseconds until it has run for long enough; Infinity where something else is missing, too. */
  steadyInMs: number;
}

/** A container that does not meet the condition, first one that never will; null when all meet it. */
async function findUnmet(
  context: EngineContext,
  { operation, firstSeen }: { operation: AwaitService; firstSeen: FirstSeen },
): Promise<Unmet | null> {
  const { engine, signal, emitProgress } = context;
  const listed = await listServiceContainers(context, operation);
  const inspected = await mapParallel(listed, {
    limit: 4,
    map: ({ Id: id }) => inspectContainer(engine, { id, signal }),
  });
  const containers = inspected.filter((info): info is ContainerInspectInfo => info !== null);
  if (containers.length === 0) throw noContainer(operation);
  const judged = containers.map((info) => {
    const verdict = judgeCondition(info, operation);
    const steadyInMs = verdict === "met" ? untilSteadyMs(info, firstSeen) : Infinity;
    return {
      info,
      steadyInMs,
      verdict: steadyInMs > 0 && verdict === "met" ? ("pending" as const) : verdict,
    };
  });
  const met = judged.filter(({ verdict }) => verdict === "met").length;
  emitProgress(`waiting for ${showProject(operation)}`, met, judged.length);
  const failed = judged.find(({ verdict }) => verdict === "failed");
  const unmet = failed ?? judged.find(({ verdict }) => verdict === "pending");
  return unmet === undefined ? null : { ...unmet, isFinal: failed !== undefined };
}

/** When each start of a container was seen first, by this process's clock: an engine elsewhere may have another. */
type FirstSeen = Map<string, number>;

function untilSteadyMs({ Id: id, State: state }: ContainerInspectInfo, firstSeen: FirstSeen): number {
  if (state.Status !== "running" || state.Health?.Status === "healthy") return 0;
  const start = `${id} ${state.StartedAt}`;
  const now = Date.now();
  const seenAt = firstSeen.get(start) ?? now;
  firstSeen.set(start, seenAt);
  return Math.max(0, leastRunMs - Math.max(now - seenAt, now - Date.parse(state.StartedAt)));
}

async function describeFailure(
  context: EngineContext,
  { operation, info }: { operation: AwaitService; info: ContainerInspectInfo },
): Promise<KeelsonError> {
  const { Status: state, ExitCode: exitCode, Health: health } = info.State;
  const within = `within ${operation.timeoutMs / 1_000} s`;
  const hint = `Read its log: keelson logs ${operation.instance} ${operation.service}. ${wayBack}`;
  const fail = (code: string, { message, cause }: { message: string; cause: Error }) =>
    new KeelsonError({ code, message: `${nameOf(info)} ${message}`, hint, outcome: transient, cause });

  const isFailedJob = operation.mayEnd && state === "exited";
  if (isFailedJob || operation.condition === "service_completed_successfully") {
    const message = state === "running" ? `did not end ${within}` : `exited with code ${exitCode}`;
    return fail("K3006", { message, cause: await readLogEnd(context, info) });
  }
  if (state === "running") {
    const isWithoutCheck = health === undefined || health.Status === "none";
    const message = isWithoutCheck
      ? `did not stay running ${within}`
      : health.Status === "unhealthy"
        ? "is unhealthy"
        : `did not become healthy ${within}`;
    return fail("K3005", { message, cause: quotedCheck(info) });
  }
  const reasons: Record<string, string> = {
    exited: `exited with code ${exitCode}`,
    restarting: `keeps restarting, last with exit code ${exitCode}`,
    created: "was not started",
  };
  const message = reasons[state] ?? `is ${state}`;
  return fail("K3010", { message, cause: await readLogEnd(context, info) });
}
