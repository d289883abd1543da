import { type BlockedChange, type ObservedContainer, type RecordState, resourceIds } from "@keelson/model";

import { hasProcess } from "./container-state.ts";
import { noLiveChange } from "./live-change.ts";
import { type ServiceChange, removedContainers, restartedContainers } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";

interface Found {
  changes: readonly InstanceChange[];
  /** Containers that nothing desires any more. */
  undesired: readonly ObservedContainer[];
}

/**
 * While a job of an instance runs by its schedule, no container of the instance is replaced, restarted, stopped or removed: a
 * backup of what is exchanged meanwhile is none. What is down may come up.
 */
export function waitForJobs(
  { changes, undesired }: Found,
  { jobsAtWork }: Pick<RecordState, "jobsAtWork">,
): Found & { blocked: BlockedChange[] } {
  const jobs = new Map(jobsAtWork.map((job) => [job.slice(0, job.indexOf("/")), job]));
  const blocked = new Map<string, BlockedChange>();
  const block = (of: { project: string; service: string }, job: string) => {
    const resource = resourceIds.service(of.project, of.service);
    blocked.set(resource, {
      resource,
      code: "K3046",
      message: `${of.project}/${of.service} stays as it is while ${job} runs by its schedule`,
      hint: "It follows by itself when the run has ended.",
    });
  };
  const kept = changes.map((change) => {
    const { project } = change.instance;
    const job = jobs.get(project);
    if (job === undefined) return change;
    const services = [...change.services].map(([service, each]): [string, ServiceChange] => {
      if (!disturbs(each)) return [service, each];
      block({ project, service }, job);
      return [service, withheld(each)];
    });
    return { ...change, services: new Map(services) };
  });
  const removable = undesired.filter((container) => {
    const job = jobs.get(container.project);
    if (job !== undefined) block(container, job);
    return job === undefined;
  });
  return { changes: kept, undesired: removable, blocked: [...blocked.values()] };
}

function disturbs(change: ServiceChange): boolean {
  const { action, containers } = change;
  if (removedContainers(change).length > 0 || restartedContainers(change).length > 0) return true;
  return action === "recreate" || (action === "stop" && containers.kept.some(hasProcess));
}

/** It can still be started as it is. */
function withheld(change: ServiceChange): ServiceChange {
  const containers = { ...change.containers, extra: [] };
  const live = noLiveChange();
  if (change.action === "start") return { ...change, containers, live };
  return {
    ...change,
    containers,
    action: "none",
    causes: [],
    force: false,
    live,
    isBlocked: true,
  };
}
