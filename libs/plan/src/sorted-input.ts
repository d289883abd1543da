import {
  type DesiredInstance,
  type DesiredNode,
  type DesiredService,
  type ObservedNode,
  compareText,
} from "@keelson/model";

/** The same input in one order, so that its order never counts in a plan. */
export function sortInput<T extends { desired: DesiredNode; observed: ObservedNode }>(input: T): T {
  const { desired, observed } = input;
  return {
    ...input,
    desired: {
      ...desired,
      instances: sortBy(desired.instances.map(sortInstance), ({ name }) => name),
      networks: sortBy(desired.networks, ({ name }) => name),
    },
    observed: {
      ...observed,
      containers: sortBy(observed.containers, ({ name, id }) => `${name} ${id}`),
      networks: sortBy(
        observed.networks,
        ({ name, ownership, id }) => `${name} ${ownership === "ours" ? 0 : 1} ${id}`,
      ),
      volumes: sortBy(observed.volumes, ({ name }) => name),
      heldPorts: sortBy(
        observed.heldPorts,
        (held) => `${held.port} ${held.protocol} ${held.hostIp} ${held.container}`,
      ),
      otherMembers: sortBy(
        observed.otherMembers ?? [],
        ({ networkId, container }) => `${networkId} ${container}`,
      ),
      otherWritableBinds: sortBy(
        observed.otherWritableBinds ?? [],
        ({ path, container }) => `${path} ${container}`,
      ),
      otherWriters: sortBy(observed.otherWriters ?? [], ({ container }) => container),
      dataFolders: sortBy(observed.dataFolders ?? [], ({ path }) => path),
      heldSubnets: sortBy(observed.heldSubnets, ({ network, subnet }) => `${network} ${subnet}`),
    },
  };
}

function sortInstance(instance: DesiredInstance): DesiredInstance {
  return {
    ...instance,
    services: sortBy(instance.services.map(sortService), ({ name }) => name),
    networks: sortBy(instance.networks, ({ key }) => key),
    volumes: sortBy(instance.volumes, ({ key }) => key),
    grants: sortBy(instance.grants, ({ kind, value, service }) => `${kind} ${value} ${service}`),
    mounts: sortBy(instance.mounts, ({ source }) => source).map((mount) => ({
      ...mount,
      files: sortBy(mount.files, ({ path }) => path),
    })),
    folders: sortBy(instance.folders, ({ source }) => source).map((folder) => ({
      ...folder,
      files: sortBy(folder.files, ({ path }) => path),
      services: folder.services.toSorted(compareText),
      writers: folder.writers.toSorted(compareText),
    })),
  };
}

function sortService(service: DesiredService): DesiredService {
  return {
    ...service,
    dependsOn: sortBy(service.dependsOn, (dependency) => dependency.service),
    sharesWith: service.sharesWith.toSorted(compareText),
    networks: service.networks.toSorted(compareText),
    volumes: service.volumes.toSorted(compareText),
    ...(service.externalVolumes === undefined
      ? {}
      : { externalVolumes: service.externalVolumes.toSorted(compareText) }),
  };
}

function sortBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...items].sort((a, b) => compareText(keyOf(a), keyOf(b)));
}
