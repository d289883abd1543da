import {
  type ObservedContainer,
  type ObservedDataFolder,
  type ObservedFile,
  type ObservedInstanceFiles,
  type ObservedNode,
  type Operation,
  type OperationKind,
  type OperationOf,
  compareText,
  modelFile,
  withAccepted,
} from "@keelson/model";

import { isUp } from "./container-state.ts";
import { rememberFolders } from "./known-folder.ts";
import { rememberVolumes } from "./known-volume.ts";
import { visiblePath } from "./mount-change.ts";
import { findOwn } from "./own-container.ts";
import { buildRecord } from "./remembered.ts";
import { isDataOf } from "./folder-state.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { createContainers, start } from "./simulated-container.ts";

/** A node on which nothing was ever done. */
export const emptyObserved: ObservedNode = {
  engineVersion: "",
  containers: [],
  networks: [],
  volumes: [],
  images: {},
  heldPorts: [],
  heldSubnets: [],
  storedInstances: [],
};

/**
 * What would be observed and remembered after these operations, done in this order by an engine on which everything
 * succeeds: what starts becomes healthy once it is awaited. Leaves its input as it is.
 */
export function simulate(
  node: SimulatedNode,
  operations: readonly Operation[],
): Pick<SimulatedNode, "observed" | "record"> {
  const after = { ...node, observed: structuredClone(node.observed) };
  for (const operation of operations) applyEffect(operation, after);
  // Who used a volume is noted before anything is done, and what lay in folders: afterwards nothing shows it.
  const noted = { volumes: rememberVolumes(node), folders: rememberFolders(node) };
  const record = buildRecord({ ...after, record: { ...node.record, ...noted } });
  const containers = withAccepted(after.observed.containers, record);
  return { observed: { ...after.observed, containers }, record };
}

type Effects = { [K in OperationKind]: (operation: OperationOf<K>, node: SimulatedNode) => void };

function applyEffect<K extends OperationKind>(
  operation: OperationOf<K> & { kind: K },
  node: SimulatedNode,
): void {
  effects[operation.kind](operation, node);
}

const effects: Effects = {
  "pull-image": ({ image }, { observed }) => {
    observed.images[image] = image.includes("@")
      ? { id: image.slice(image.indexOf("@") + 1), digests: [image] }
      : { id: `image of ${image}`, digests: [] };
  },
  "create-network": ({ project, network: { name, digest } }, { observed }) => {
    const id = `network ${name} ${digest}`;
    observed.networks.push({ id, name, ownership: "ours", flaw: "", project: project ?? "", digest });
  },
  "remove-network": ({ networkId }, { observed }) => {
    const gone = observed.networks.find(({ id }) => id === networkId)?.name;
    observed.networks = observed.networks.filter(({ id }) => id !== networkId);
    for (const container of observed.containers) {
      container.networks = container.networks.filter((name) => name !== gone);
    }
  },
  "connect-container": ({ containerId, network, endpoint }, { observed }) => {
    for (const container of findById(observed, containerId)) {
      container.networks = [...new Set([...container.networks, network])].sort(compareText);
      const { aliases: names, ipv4Address, ipv6Address, linkLocalAddresses } = endpoint;
      const fixedAddresses = [ipv4Address, ipv6Address, ...linkLocalAddresses].filter((each) => each !== "");
      container.endpoints = { ...container.endpoints, [network]: { names, fixedAddresses } };
    }
  },
  "create-volume": ({ project, volume }, { observed }) => {
    const { name, digest, format, generation } = volume;
    observed.volumes.push({ name, ownership: "ours", flaw: "", project, digest, format, generation });
  },
  "place-files": placeFiles,
  "keep-folder": keepFolder,
  "remove-files": ({ instance, paths }, { observed }) => {
    if (paths.includes(".")) {
      observed.storedInstances = observed.storedInstances.filter((stored) => stored.instance !== instance);
      return;
    }
    const stored = ensureStored(observed, instance);
    for (const path of paths) delete stored.files[path];
    stored.others = stored.others.filter((path) => !paths.includes(path));
    if (paths.includes(modelFile)) stored.hasModel = false;
  },
  "create-containers": createContainers,
  "start-service": ({ project, service }, node) => {
    for (const container of findOwn(node.observed, { project, service })) {
      if (!isUp(container)) start(container, node);
      fillFolders(container, node);
    }
  },
  "restart-container": ({ containerId }, node) => {
    for (const container of findById(node.observed, containerId)) {
      container.state = "exited";
      start(container, node);
    }
  },
  "signal-container": () => {},
  "exec-in-container": () => {},
  "await-service": ({ project, service, condition }, { observed }) => {
    for (const container of findOwn(observed, { project, service })) {
      if (condition === "service_completed_successfully")
        Object.assign(container, { state: "exited", exitCode: 0 });
      else if (condition === "service_healthy") container.health = "healthy";
    }
  },
  "remove-container": ({ containerId, containerName }, { observed }) => {
    observed.containers = observed.containers.filter(({ id }) => id !== containerId);
    releasePorts(observed, containerName);
  },
  "stop-container": ({ containerId, containerName }, { observed }) => {
    for (const container of findById(observed, containerId)) {
      Object.assign(container, { state: "exited", exitCode: 143, health: "none" });
    }
    releasePorts(observed, containerName);
  },
  "adopt-project": adoptProject,
  "release-project": ({ containers, networks, volumes }, { observed }) => {
    const ids = new Set([...containers, ...networks.map(({ id }) => id)]);
    for (const each of [...observed.containers, ...observed.networks])
      if (ids.has(each.id)) each.ownership = "foreign";
    for (const volume of observed.volumes) if (volumes.includes(volume.name)) volume.ownership = "foreign";
  },
  "rename-container": ({ containerId, name }, { observed }) => {
    for (const container of findById(observed, containerId)) container.name = name;
  },
  "record-files": ({ instance, service, files }, { observed }) => {
    const stored = ensureStored(observed, instance);
    stored.applied = { ...stored.applied, [service]: files };
  },
};

function adoptProject(operation: OperationOf<"adopt-project">, { desired, observed }: SimulatedNode): void {
  const { instance: name, containers, networks, volumes } = operation;
  const instance = desired.instances.find((each) => each.name === name);
  for (const { id, accepted } of containers) {
    for (const container of findById(observed, id)) {
      Object.assign(container, {
        ownership: "ours",
        instance: name,
        ...(accepted === null ? {} : { accepted }),
      });
    }
  }
  for (const network of observed.networks.filter(({ id }) => networks.some((each) => each.id === id))) {
    const digest = instance?.networks.find((each) => each.name === network.name)?.digest;
    Object.assign(network, { ownership: "ours", digest: network.differs === "" ? digest : "" });
  }
  for (const volume of observed.volumes.filter((each) => volumes.includes(each.name))) {
    Object.assign(volume, {
      ownership: "ours",
      digest: instance?.volumes.find((each) => each.name === volume.name)?.digest,
    });
  }
}

function placeFiles({ instance, mount }: OperationOf<"place-files">, { observed }: SimulatedNode): void {
  const stored = ensureStored(observed, instance);
  const { files } = stored;
  const isInside = (path: string) => path.startsWith(`${mount.target}/`);
  for (const path of Object.keys(files)) if (isInside(path)) delete files[path];
  stored.others = stored.others.filter((path) => !isInside(path));
  for (const file of mount.files) {
    files[visiblePath(mount, file)] = {
      contentDigest: file.contentDigest,
      mode: file.mode,
      uid: file.owner?.uid ?? 0,
      gid: file.owner?.gid ?? 0,
    };
  }
}

function keepFolder(operation: OperationOf<"keep-folder">, { observed }: SimulatedNode): void {
  const { instance, folder, was, place, remove } = operation;
  const { source, kind } = folder;
  const isThis = (each: ObservedDataFolder) => isDataOf(each, { instance, source });
  const before = observed.dataFolders?.find(isThis);
  const staying = Object.entries(before?.files ?? {}).filter(([path]) => !Object.hasOwn(remove, path));
  const placed = folder.files
    .filter(({ path }) => Object.hasOwn(place, path))
    .map(({ path, contentDigest, mode, owner }) => {
      const file: ObservedFile = { contentDigest, mode, uid: owner?.uid ?? 0, gid: owner?.gid ?? 0 };
      return [path, file] as const;
    });
  const files = Object.fromEntries([...staying, ...placed]);
  const isFilled = before?.state === "filled" || Object.keys(files).length > 0;
  const state = kind === "file" ? "file" : isFilled ? "filled" : "empty";
  const path = before?.path ?? `/data/${was ?? instance}/${source}`;
  const after: ObservedDataFolder = { instance, source, path, state, files, fault: null };
  observed.dataFolders = [...(observed.dataFolders ?? []).filter((each) => !isThis(each)), after];
  if (observed.dataDir !== undefined) observed.dataDir.isMarked = true;
}

/** Programs put something into what they may write. */
function fillFolders(
  { writableBinds }: ObservedContainer,
  { observed: { dataFolders = [] } }: SimulatedNode,
): void {
  for (const folder of dataFolders)
    if (folder.state === "empty" && writableBinds.includes(folder.path)) folder.state = "filled";
}

/** The files of an instance on the node; its folder comes with the first of them. */
function ensureStored(observed: ObservedNode, instance: string): ObservedInstanceFiles {
  const known = observed.storedInstances.find((stored) => stored.instance === instance);
  if (known !== undefined) return known;
  const stored = {
    instance,
    folder: `/instances/${instance}`,
    files: {},
    others: [],
    applied: null,
    fault: null,
  };
  observed.storedInstances.push(stored);
  return stored;
}

function findById(observed: ObservedNode, id: string): ObservedNode["containers"] {
  return observed.containers.filter((container) => container.id === id);
}

function releasePorts(observed: ObservedNode, containerName: string): void {
  observed.heldPorts = observed.heldPorts.filter(({ container }) => container !== containerName);
}
