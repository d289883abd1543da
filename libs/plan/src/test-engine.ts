import { type ObservedContainer, type Operation, imageReference, isInSync, ownOf } from "@keelson/model";

import { isUp, meetsCondition } from "./container-state.ts";
import { simulate } from "./simulate.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { findOwn } from "./own-container.ts";

/** Does the operations one after the other, as an engine would; what it would refuse, or nobody may do, is in the list. */
export function findImpossible(start: SimulatedNode, operations: readonly Operation[]): string[] {
  const found: string[] = [];
  let node = start;
  for (const operation of operations) {
    const problem = problemOf(operation, node);
    if (problem !== null) found.push(`${operation.id} ${operation.kind} ${operation.resource}: ${problem}`);
    // The record is that of before, as for an agent in the middle of its round.
    node = { ...node, observed: simulate(node, [operation]).observed };
  }
  return found;
}

function problemOf(operation: Operation, node: SimulatedNode): string | null {
  const { observed } = node;
  switch (operation.kind) {
    case "remove-network":
      return networkProblem(operation, node);
    case "create-network":
      return observed.networks.some(({ name }) => name === operation.network.name) ? "exists" : null;
    case "create-volume":
      return observed.volumes.some(({ name }) => name === operation.volume.name) ? "exists" : null;
    case "create-containers":
      return creationProblem(operation, node);
    case "start-service":
      return startProblem(operation, node);
    case "await-service":
      return findOwn(observed, operation).length === 0 ? "no container" : null;
    case "rename-container":
      return observed.containers.some(
        ({ id, name }) => name === operation.name && id !== operation.containerId,
      )
        ? "the name is taken"
        : containerProblem(operation.containerId, node);
    case "signal-container":
    case "exec-in-container":
      return observed.containers.find(({ id }) => id === operation.containerId)?.state === "running"
        ? containerProblem(operation.containerId, node)
        : "does not run";
    case "connect-container":
      return observed.networks.some(({ name }) => name === operation.network)
        ? containerProblem(operation.containerId, node)
        : "no such network";
    case "restart-container":
    case "remove-container":
    case "stop-container":
      return containerProblem(operation.containerId, node);
    default:
      return null;
  }
}

function containerProblem(containerId: string, node: SimulatedNode): string | null {
  const container = node.observed.containers.find(({ id }) => id === containerId);
  if (container === undefined) return "no such container";
  return container.ownership === "ours" ? null : "not ours";
}

function networkProblem(
  { networkId, members }: Extract<Operation, { kind: "remove-network" }>,
  { observed }: SimulatedNode,
): string | null {
  const network = observed.networks.find(({ id }) => id === networkId);
  if (network === undefined) return "no such network";
  if (network.ownership !== "ours") return "not ours";
  const user = observed.containers.find(
    (each) =>
      each.networks.includes(network.name) &&
      !(members.includes(each.id) && each.ownership === "ours") &&
      (isUp(each) || each.state === "paused" || each.ownership !== "ours"),
  );
  return user === undefined ? null : `${user.name} is in it`;
}

function creationProblem(
  operation: Extract<Operation, { kind: "create-containers" }>,
  { desired, observed }: SimulatedNode,
): string | null {
  const instance = desired.instances.find(({ name }) => name === operation.instance);
  for (const service of instance?.services.filter(({ name }) => operation.services.includes(name)) ?? []) {
    const image = imageReference(service);
    if ((ownOf(observed.images, image) ?? null) === null) return `no image ${image}`;
    const network = service.networks.find((name) => !observed.networks.some((each) => each.name === name));
    if (network !== undefined) return `no network ${network}`;
    const volume = service.volumes.find((name) => !observed.volumes.some((each) => each.name === name));
    if (volume !== undefined) return `no volume ${volume}`;
    const folder = instance?.folders
      .filter(({ services }) => services.includes(service.name))
      .find(({ source }) => !isFolderThere(source, { instance: operation.instance, observed }));
    if (folder !== undefined) return `no data folder ${folder.source}`;
    const rival = observed.containers.find(
      (each) =>
        each.ownership !== "ours" && each.project === operation.project && each.service === service.name,
    );
    if (rival !== undefined) return `${rival.name} is in the way`;
    const namesake = observed.containers.find(
      (each) =>
        each.name === service.containerName &&
        (each.project !== operation.project || each.service !== service.name),
    );
    if (namesake !== undefined) return `another container is named ${namesake.name}`;
  }
  return null;
}

/** Nothing comes up before what it depends on is there, its networks too. */
function startProblem(
  operation: Extract<Operation, { kind: "start-service" }>,
  { desired, observed }: SimulatedNode,
): string | null {
  const { project } = operation;
  const started = findOwn(observed, operation);
  if (started.length === 0) return "no container";
  const services = desired.instances.find(({ name }) => name === operation.instance)?.services ?? [];
  const service = services.find(({ name }) => name === operation.service);
  const isOut = service?.networks.some((name) => started.some(({ networks }) => !networks.includes(name)));
  if (isOut === true) return "not in its network";
  const isOther = (each: ObservedContainer) => each.project !== project && each.ownership === "ours";
  const writer = observed.containers.find(
    (each) => isOther(each) && isUp(each) && each.volumes.some((name) => service?.volumes.includes(name)),
  );
  if (writer !== undefined) return `${writer.name} has its data`;
  for (const dependency of service?.dependsOn ?? []) {
    const needed = services.find(({ name }) => name === dependency.service);
    if (needed === undefined || needed.replicas === 0) continue;
    const own: ObservedContainer[] = findOwn(observed, { project, service: needed.name });
    const { condition } = dependency;
    const ready = own.filter(
      (each) => isInSync(each, needed) && meetsCondition(each, { service: needed, condition }),
    );
    if (ready.length < needed.replicas) return `${needed.name} is not there yet`;
  }
  return null;
}

function isFolderThere(
  source: string,
  { instance, observed }: { instance: string } & Pick<SimulatedNode, "observed">,
): boolean {
  return (observed.dataFolders ?? []).some(
    (each) => each.instance === instance && each.source === source && each.state !== "absent",
  );
}
