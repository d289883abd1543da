import { resourceIds } from "@keelson/model";

import { hasProcess } from "./container-state.ts";
import { desiredLiveFiles, loadedFiles } from "./live-change.ts";
import { placementKeys } from "./file-operations.ts";
import type { InstanceContext } from "./instance-context.ts";
import { hidesFiles } from "./mount-change.ts";
import { keys } from "./operation-key.ts";
import type { ServiceChange } from "./service-action.ts";
import { staysAsItIs } from "./service-change.ts";
import { restartedContainers } from "./start-operations.ts";

/** Signals and commands for containers that stay as they are; one that starts or restarts reads its files anyway. */
export function addSignals(context: InstanceContext, change: ServiceChange): void {
  const { graph } = context;
  const { instance } = context.change;
  const { service, live } = change;
  if (!staysAsItIs(change.action)) return;
  const after = [
    ...context.staging,
    ...context.providers,
    ...placementKeys(context.change, service.name),
    keys.start(instance.project, service.name),
  ];
  const base = {
    resource: resourceIds.service(instance.project, service.name),
    instance: instance.name,
    service: service.name,
    class: "reload" as const,
  };
  const restarted = restartedContainers(change);
  for (const container of change.containers.kept) {
    // A container that the engine is just restarting reads its files by itself.
    if (!hasProcess(container) || container.state === "restarting" || restarted.includes(container)) continue;
    const { id: containerId } = container;
    const key = (what: string) => keys.signal(instance.project, `${service.name}/${containerId}/${what}`);
    for (const [signal, causes] of live.signals) {
      graph.add(key(signal), { ...base, kind: "signal-container", containerId, signal, causes }, after);
    }
    for (const [what, { command, causes }] of live.commands) {
      graph.add(key(what), { ...base, kind: "exec-in-container", containerId, command, causes }, after);
    }
  }
}

/** Notes, before they are put right, what a service may have loaded from files that were touched by hand. */
export function addDoubts(context: InstanceContext, change: ServiceChange): void {
  const { instance, stored } = context.change;
  const { service, live, containers } = change;
  if (!staysAsItIs(change.action) && change.action !== "restart") return;
  if (Object.keys(live.doubts).length === 0 || !containers.kept.some(hasProcess)) return;
  context.graph.add(
    keys.forget(instance.project, service.name),
    {
      kind: "record-files",
      resource: resourceIds.service(instance.project, service.name),
      instance: instance.name,
      service: service.name,
      files: { ...loadedFiles(service, stored), ...live.doubts },
      causes: ["it may have loaded what was changed by hand"],
      class: "live",
    },
    [],
  );
}

/** Notes what a service has loaded, once it has: until then the change is still to be made. */
export function addRecord(context: InstanceContext, change: ServiceChange): void {
  const { graph } = context;
  const { instance, stored } = context.change;
  const { service, containers, isBlocked } = change;
  if (instance.state !== "running" || isBlocked || service.replicas === 0 || hidesFiles(stored)) return;
  const files = desiredLiveFiles(service, instance);
  const doubts = graph.has(keys.forget(instance.project, service.name)) ? change.live.doubts : {};
  const loaded = { ...loadedFiles(service, stored), ...doubts };
  if (Object.keys({ ...files, ...loaded }).every((to) => files[to] === loaded[to])) return;
  graph.add(
    keys.record(instance.project, service.name),
    {
      kind: "record-files",
      resource: resourceIds.service(instance.project, service.name),
      instance: instance.name,
      service: service.name,
      files,
      causes: ["its files are loaded"],
      class: "live",
    },
    [
      ...placementKeys(context.change, service.name),
      keys.start(instance.project, service.name),
      ...containers.kept.map((each) => keys.restart(instance.project, each.id)),
      ...graph.keys(keys.signal(instance.project, `${service.name}/`)),
    ],
  );
}
