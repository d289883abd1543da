import {
  type DesiredInstance,
  type DesiredNode,
  type InstanceStatus,
  type ObservedNode,
  type PackageState,
  type Plan,
  imageReference,
  ownOf,
  required,
  resourceIds,
} from "@keelson/model";

import { listGrants } from "./grant-status.ts";
import { buildSchedule } from "./job-status.ts";
import { buildServices, withSchedule, withUnrest, worstHealth } from "./service-status.ts";
import type { StatusInput } from "./status-input.ts";

/** Whether everything that is to run was seen well. */
export function isAllHealthy({ instances }: DesiredNode, observed: ObservedNode): boolean {
  return instances.every(
    (instance) =>
      instance.state !== "running" || worstHealth(buildServices(instance, observed)) === "healthy",
  );
}

/** One instance as it was seen, down to its services. */
export function buildInstance(instance: DesiredInstance, input: StatusInput): InstanceStatus {
  const { releaseVersion } = instance.package;
  const base = {
    name: instance.name,
    package: instance.package.reference,
    version: instance.package.version,
    ...(releaseVersion === undefined ? {} : { releaseVersion }),
  };
  if (input.observed === null) {
    return { ...base, state: "unknown", sync: "unknown", health: "unknown", services: [] };
  }
  const sync = syncOf(instance, input.remaining);
  // What runs is nobody's business here any more.
  if (instance.state === "released")
    return { ...base, state: "released", sync, health: "healthy", services: [] };
  const restless = new Set(input.restless.map(({ resource }) => resource));
  const services = buildServices(instance, input.observed).map((service, index) =>
    withSchedule(withUnrest(service, { restless, project: instance.project }), {
      schedule: buildSchedule(required(instance.services[index], service.name), { ...input, instance }),
      sync,
    }),
  );
  const grants = listGrants(instance, { ...input, services, isInSync: sync === "in-sync" });
  return {
    ...base,
    state: stateOf(instance, { sync, observed: input.observed, staging: input.staging }),
    sync,
    health: worstHealth(instance.state === "running" ? services : []),
    services,
    ...(grants.length === 0 ? {} : { grants }),
  };
}

function stateOf(
  instance: DesiredInstance,
  {
    sync,
    observed,
    staging,
  }: { sync: InstanceStatus["sync"]; observed: ObservedNode } & Pick<StatusInput, "staging">,
): PackageState {
  if (sync === "in-sync" && isRunByJobs(instance)) return "running";
  if (hasOnlyNetworks(instance, observed)) return "installed";
  const state = packageState(instance, observed);
  if (state !== "absent" && state !== "staged") return state;
  return isStaged(instance, { observed, staging }) ? "staged" : "absent";
}

/** Whether the node has all that its containers would be made of: the release in its store, and the images. */
function isStaged(
  { name, package: of, services }: DesiredInstance,
  { observed, staging: { releases } }: { observed: ObservedNode } & Pick<StatusInput, "staging">,
): boolean {
  const used = services.filter(({ replicas, schedule }) => replicas > 0 || schedule !== undefined);
  if (!used.every((each) => (ownOf(observed.images, imageReference(each)) ?? null) !== null)) return false;
  // Of a local package the commit itself has the files.
  if (of.releaseVersion === undefined) return used.length > 0;
  // Nothing is staged while a person withholds action: what was placed before shows it.
  if (releases === null) return observed.storedInstances.some(({ instance }) => instance === name);
  const release = of.reference.slice(0, of.reference.indexOf("/"));
  return releases.includes(`${release}@${of.releaseVersion}`);
}

/** It has nothing that could run, and its networks are there. */
function hasOnlyNetworks({ services, networks }: DesiredInstance, observed: ObservedNode): boolean {
  const own = observed.networks.filter(({ ownership }) => ownership === "ours").map(({ name }) => name);
  return services.length === 0 && networks.length > 0 && networks.every(({ name }) => own.includes(name));
}

/** It has jobs by a schedule and nothing else that runs: between their runs no container says that it runs. */
function isRunByJobs({ state, services }: DesiredInstance): boolean {
  return (
    state === "running" &&
    services.some(({ schedule }) => schedule !== undefined) &&
    services.every(({ oneShot }) => oneShot)
  );
}

export function packageState(
  instance: Pick<DesiredInstance, "name" | "project">,
  observed: ObservedNode,
): PackageState {
  const containers = observed.containers.filter(
    (each) => each.ownership === "ours" && each.project === instance.project,
  );
  if (containers.some(({ state }) => state === "running" || state === "restarting")) return "running";
  if (containers.length > 0) return "installed";
  const hasFiles = observed.storedInstances.some((stored) => stored.instance === instance.name);
  return hasFiles ? "staged" : "absent";
}

function syncOf(instance: DesiredInstance, remaining: Plan | null): InstanceStatus["sync"] {
  if (remaining === null) return "unknown";
  const resources = [...remaining.operations, ...remaining.blocked].map(({ resource }) => resource);
  if (resources.includes(resourceIds.instance(instance.name))) return "out-of-sync";
  const open = resources.map((resource) => resource.slice(resource.indexOf(":") + 1));
  const named = new Set([...instance.networks, ...instance.volumes].map(({ name }) => name));
  const isOpen = open.some(
    (name) =>
      named.has(name) ||
      name === instance.project ||
      name.startsWith(`${instance.project}/`) ||
      name.startsWith(`${instance.project}_`),
  );
  return isOpen ? "out-of-sync" : "in-sync";
}
