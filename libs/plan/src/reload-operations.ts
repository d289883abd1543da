import { resourceIds } from "@keelson/model";

import { because } from "./cause.ts";
import { hasProcess } from "./container-state.ts";
import { placementKeys } from "./file-operations.ts";
import type { InstanceContext } from "./instance-context.ts";
import { desiredLiveFiles } from "./live-change.ts";
import { loadedFiles } from "./loaded-file.ts";
import { hidesFiles } from "./mount-change.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { ifPlanned, keys } from "./operation-key.ts";
import { type ServiceChange, makesContainers, restartedContainers, staysAsItIs } from "./service-action.ts";

/** Signals and commands for containers that stay as they are; one that starts or restarts reads its files anyway. */
export function planSignals(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  const { instance } = context.change;
  const { service, live } = change;
  if (!staysAsItIs(change)) return [];
  const after = [
    ...context.staging,
    ...context.providers,
    ...placementKeys(context.change, service.name),
    ifPlanned(keys.start(instance.project, service.name)),
  ];
  const base = {
    resource: resourceIds.service(instance.project, service.name),
    instance: instance.name,
    project: instance.project,
    service: service.name,
    class: "reload" as const,
  };
  const restarted = restartedContainers(change);
  return change.containers.kept
    .filter((each) => hasProcess(each) && !restarted.includes(each))
    .filter(({ state }) => state !== "restarting") // the engine is at it, and it reads its files by itself
    .flatMap(({ id: containerId }): PlannedOperation[] => [
      ...live.signals.map(({ signal, causes }) => ({
        key: keys.signal(containerId, signal),
        operation: { ...base, kind: "signal-container" as const, containerId, signal, causes: [...causes] },
        after,
      })),
      ...live.commands.map(({ command, causes }) => ({
        key: keys.signal(containerId, JSON.stringify(command)),
        operation: {
          ...base,
          kind: "exec-in-container" as const,
          containerId,
          command: [...command],
          causes: [...causes],
        },
        after,
      })),
    ]);
}

/** Notes, before they are put right, what a service may have loaded from files that were touched by hand. */
export function planDoubt(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  if (!hasDoubt(change)) return [];
  const { instance, stored } = context.change;
  const { service, live } = change;
  return [
    {
      key: keys.forget(instance.project, service.name),
      operation: {
        kind: "record-files",
        resource: resourceIds.service(instance.project, service.name),
        instance: instance.name,
        service: service.name,
        files: { ...loadedFiles(service, stored), ...live.doubts },
        causes: [because.drift("it may have loaded what was changed by hand")],
        class: "live",
      },
      after: [],
    },
  ];
}

function hasDoubt(change: ServiceChange): boolean {
  const keepsRunning = staysAsItIs(change) || change.action === "restart";
  return (
    keepsRunning && Object.keys(change.live.doubts).length > 0 && change.containers.kept.some(hasProcess)
  );
}

/** Notes what a service has loaded, once it has: until then the change is still to be made. */
export function planRecord(context: InstanceContext, change: ServiceChange): PlannedOperation[] {
  const { instance, stored } = context.change;
  const { service, containers, isBlocked } = change;
  if (instance.state !== "running" || isBlocked || service.replicas === 0 || hidesFiles(stored)) return [];
  // What is made anew has the files where Keelson places them, whatever was adopted before.
  const kept = makesContainers(change) ? [] : containers.kept;
  const files = desiredLiveFiles(service, { ...context.change, containers: { kept } });
  const loaded = { ...loadedFiles(service, stored), ...(hasDoubt(change) ? change.live.doubts : {}) };
  if (Object.keys({ ...files, ...loaded }).every((to) => files[to] === loaded[to])) return [];
  return [
    {
      key: keys.record(instance.project, service.name),
      operation: {
        kind: "record-files",
        resource: resourceIds.service(instance.project, service.name),
        instance: instance.name,
        service: service.name,
        files,
        causes: [because.follows("its files are loaded")],
        class: "live",
      },
      after: [
        ...placementKeys(context.change, service.name),
        ifPlanned(keys.start(instance.project, service.name)),
        ...containers.kept.map(({ id }) => ifPlanned(keys.restart(id))),
        ...planSignals(context, change).map(({ key }) => key),
      ],
    },
  ];
}
