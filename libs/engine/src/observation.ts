import {
  type DesiredNetwork,
  type DesiredVolume,
  type LockedImage,
  type MadeHere,
  type NetworkMember,
  type NodeSecrets,
  type ObservedContainer,
  type ObservedEngine,
  type OtherBind,
  type VolumeWriter,
  composeLabels,
  labels,
  properName,
} from "@keelson/model";
import type { ContainerInfo, ContainerInspectInfo } from "dockerode";

import { describeAdoptable, isOfProject, observeDefaults } from "./adoptable-container.ts";
import { findAilment } from "./ailment.ts";
import { type BoundFolders, findBoundFolders, hostPathsOf } from "./bound-folder.ts";
import { findCrash } from "./crash.ts";
import type { Engine } from "./engine.ts";
import { type DesiredPort, findHeldPorts } from "./held-port.ts";
import { describeContainer, inspectContainer } from "./observed-container.ts";
import { type DesiredSubnets, type RemoteHost, findHeldSubnets } from "./held-subnet.ts";
import { digestsOf, observeImages } from "./observed-images.ts";
import { observeNetworks } from "./observed-network.ts";
import { claimsIn } from "./project-claim.ts";
import { observeVolumes, type VolumeList, listVolumes } from "./observed-volume.ts";
import { listedName } from "./listed-name.ts";
import { type ContainerNames, adopterOf, labelOf } from "./ownership.ts";
import { mapParallel } from "./parallel.ts";
import { listContainers } from "./container-list.ts";

/** What of the engine is of interest: everything desired, and whatever carries the environment's label. */
export interface ObserveRequest {
  environment: string;
  /** Compose project names. */
  projects: readonly string[];
  /** References, as in the Compose model; of what is locked, with the digest. */
  images: readonly string[];
  /** By such a reference, the bytes that it stands for; default nothing is locked. */
  lockedImages?: Readonly<Record<string, LockedImage>>;
  networks: readonly DesiredNetwork[];
  volumes: readonly DesiredVolume[];
  ports: readonly DesiredPort[];
  subnets: readonly DesiredSubnets[];
  /** What the Compose files call containers, by `<project>/<service>`. */
  containerNames: ContainerNames;
  /** Engine names of networks and volumes that are used and that somebody else makes. */
  externalNetworks: readonly string[];
  externalVolumes: readonly string[];
  /** Compose projects of which all is told, because their containers may be adopted; default none. */
  adoptable?: readonly string[];
  /** Hosts whose place no network may take. */
  remotes: readonly RemoteHost[];
  ownershipOf: NodeSecrets["ownershipOf"];
  /** What the node remembers: labels alone can be copied. */
  madeHere: MadeHere;
  /** Ends the observation with K3014. */
  signal?: AbortSignal;
}

/** A request for the node's own containers of the environment, adopted ones too, and nothing else. */
export const containersOnly = {
  projects: [],
  images: [],
  networks: [],
  volumes: [],
  ports: [],
  subnets: [],
  containerNames: new Map(),
  externalNetworks: [],
  externalVolumes: [],
  remotes: [],
} satisfies Partial<ObserveRequest>;

/** Inspections at a time: more are no faster. */
const parallelInspects = 16;

/**
 * What the engine has. Throws K3001 when the engine does not answer and K3009 when any part cannot be read: unknown
 * is never absent. What vanishes in the middle of the observation is absent.
 */
export async function observeEngine(engine: Engine, request: ObserveRequest): Promise<ObservedEngine> {
  const { signal } = request;
  const [[everyContainer, volumeList], { images, engineVersion, platform }] = await Promise.all([
    listContainersAndVolumes(engine, signal),
    observeImages(engine, request),
  ]);
  const isWanted = isOfInterest(request);
  const boundFolders = findBoundFolders(volumeList.volumes);
  const [volumes, inspected, heldPorts] = await Promise.all([
    observeVolumes(engine, { ...request, list: volumeList }),
    mapParallel(everyContainer.filter(isWanted), {
      limit: parallelInspects,
      map: ({ Id: id }) => inspectContainer(engine, { id, signal }),
    }),
    findHeldPorts(engine, { ports: request.ports, containers: everyContainer }),
  ]);
  // After the containers: a network that is made meanwhile must not pass for one that a container has lost.
  const networks = await observeNetworks(engine, request);
  const others = everyContainer.filter((each) => !isWanted(each));
  const heldSubnets = await findHeldSubnets(engine, { ...request, networks: networks.all });
  const present = inspected.filter((info): info is ContainerInspectInfo => info !== null);
  const containers = await mapParallel(present, {
    limit: parallelInspects,
    map: async (info) => {
      const described = describeContainer(info, {
        ...request,
        existingNetworks: networks.existing,
        boundFolders,
      });
      const named = { ...described, ...(await digestsOf(described, { engine, images, request })) };
      if (named.ownership !== "ours") return named;
      const [ailment, crash] = await Promise.all([
        findAilment({ engine, signal }, info),
        findCrash({ engine, signal }, info),
      ]);
      return {
        ...named,
        ...(ailment === null ? {} : { ailment }),
        ...(crash === null ? {} : { crash }),
      };
    },
  });
  return {
    engineVersion,
    ...(platform === null ? {} : { platform }),
    ...(await observeAdoptable({ engine, request }, { present, containers })),
    containers,
    networks: networks.observed,
    volumes,
    claims: claimsIn(volumeList.volumes),
    images,
    heldPorts,
    heldSubnets,
    otherBinds: others.flatMap(({ Mounts: mounts }) =>
      hostPathsOf(mounts, boundFolders).map(({ path }) => path),
    ),
    otherWritableBinds: others.flatMap((each) => writableBindsOf(each, boundFolders)),
    otherMembers: others.flatMap(membershipsOf),
    otherNames: others.map(listedName),
    otherWriters: others.flatMap(writerOf),
  };
}

/** Asked only where something may be adopted. */
async function observeAdoptable(
  { engine, request }: { engine: Engine; request: ObserveRequest },
  {
    present,
    containers,
  }: { present: readonly ContainerInspectInfo[]; containers: readonly ObservedContainer[] },
): Promise<Pick<ObservedEngine, "adoptable" | "containerDefaults">> {
  const projects = new Set(request.adoptable);
  const own = new Set(containers.flatMap(({ id, ownership }) => (ownership === "ours" ? [id] : [])));
  const found = present.filter((info) => !own.has(info.Id) && isOfProject(info, projects));
  if (found.length === 0) return {};
  const { signal } = request;
  const [adoptable, containerDefaults] = await Promise.all([
    mapParallel(found, {
      limit: parallelInspects,
      map: (info) => describeAdoptable({ engine, signal }, info),
    }),
    observeDefaults(engine, signal),
  ]);
  return { adoptable, containerDefaults };
}

/** In this order: what the listed containers have of volumes is in the list of these. */
async function listContainersAndVolumes(
  engine: Engine,
  signal: AbortSignal | undefined,
): Promise<[ContainerInfo[], VolumeList]> {
  const containers = await listContainers(engine, { signal });
  return [containers, await listVolumes(engine, signal)];
}

function writableBindsOf(container: ContainerInfo, folders: BoundFolders): OtherBind[] {
  return hostPathsOf(container.Mounts, folders).flatMap(({ path, readOnly }) =>
    readOnly ? [] : [{ container: listedName(container), path }],
  );
}

/** A one-off container has the volumes of its service, and so has whatever a person starts with one. */
function writerOf(container: ContainerInfo): VolumeWriter[] {
  const { State: state, Labels: all, Mounts: mounts } = container;
  const volumes = (mounts ?? []).flatMap(({ Type: type, Name: name, RW: isWritable }) =>
    type === "volume" && name !== undefined && isWritable ? [name] : [],
  );
  const hasProcess = state === "running" || state === "paused" || state === "restarting";
  if (!hasProcess || volumes.length === 0) return [];
  return [{ container: listedName(container), project: labelOf(all, composeLabels.project), volumes }];
}

/** A container that never ran names its networks without an id. */
function membershipsOf(container: ContainerInfo): NetworkMember[] {
  const networks = Object.values(container.NetworkSettings?.Networks ?? {});
  return networks
    .filter(({ NetworkID: id }) => id !== "")
    .map(({ NetworkID: networkId }) => ({ networkId, container: listedName(container) }));
}

/**
 * One-off containers (`compose run`) carry a service's labels, but belong to a person and not to the service. A container
 * without any label still stands in the way when it has a name that a project's container would get.
 */
function isOfInterest(request: ObserveRequest): (container: ContainerInfo) => boolean {
  const projects = new Set(request.projects);
  return (container) => {
    const { Id: id, Labels: all } = container;
    if (labelOf(all, composeLabels.oneOff) === "True") return false;
    if (adopterOf(request.madeHere, { kind: "containers", id }) !== "") return true;
    const environment = labelOf(all, labels.environment);
    if (projects.has(labelOf(all, composeLabels.project)) || environment === request.environment) return true;
    return environment === "" && isNameOfProject(listedName(container), projects);
  };
}

function isNameOfProject(name: string, projects: ReadonlySet<string>): boolean {
  const [, service = ""] = /^(.+)-\d+$/.exec(properName(name)) ?? [];
  return [...projects].some((project) => service.startsWith(`${project}-`));
}
