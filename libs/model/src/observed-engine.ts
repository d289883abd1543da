import type { MountPlace, PublishedPort } from "./desired.ts";
import type { AcceptedDigest, ContainerLimits, Crash } from "./record.ts";

export interface ObservedEngine {
  engineVersion: string;
  /** What it runs by itself, such as `linux/amd64`; default not known. */
  platform?: string;
  /** All containers of the desired projects and all that carry this environment's labels. */
  containers: ObservedContainer[];
  /** All networks with a name or label of interest. */
  networks: ObservedNetwork[];
  volumes: ObservedVolume[];
  /** By reference, of what is locked with its digest; null when the engine does not have it. */
  images: Record<string, ObservedImage | null>;
  /** Desired ports that something other than the instance's own container holds. */
  heldPorts: HeldPort[];
  /** Subnets of desired networks that have yet to be made, and that overlap with something else. */
  heldSubnets: HeldSubnet[];
  /** Paths of the host that all other containers bind, themselves or by a volume; default none. */
  otherBinds?: string[];
  /** Those of them that such a container may write; default none. */
  otherWritableBinds?: OtherBind[];
  /** The networks that those containers are in; default none. */
  otherMembers?: NetworkMember[];
  /** The names of all other containers; default none. */
  otherNames?: string[];
  /** Those of them that have a process and may write volumes, one-off containers among them; default none. */
  otherWriters?: VolumeWriter[];
  /** Whose adopted projects are; default nobody's. */
  claims?: ProjectClaim[];
  /** All that the engine tells of containers that may be adopted; default none. */
  adoptable?: AdoptableContainer[];
  /** What the engine gives a container that asks for nothing; default not asked. */
  containerDefaults?: ContainerDefaults;
  /** Of what containers bind that may be adopted, where desired files lie already; default nowhere. */
  sameFiles?: SameFiles[];
  /** Which variables of containers that may be adopted hold the secrets that they are to hold; default none. */
  sameSecrets?: SameSecret[];
}

/** The environment that has adopted a Compose project. */
export interface ProjectClaim {
  project: string;
  environment: string;
}

/** A container of a project that may be adopted, as the engine tells it. It may hold secret values: nothing prints it. */
export interface AdoptableContainer {
  id: string;
  /** The answer to an inspection. */
  inspected: unknown;
  /** `Config` of the image that it was made from. */
  image: unknown;
  /** Of what is compared: a change by hand shows in it. */
  fingerprint: string;
}

/** A path of the host that holds just the files of a desired mount. */
export interface SameFiles {
  path: string;
  /** Of the mount. */
  target: string;
}

export interface SameSecret {
  /** A container's id. */
  container: string;
  variable: string;
}

/** Where a secret is to be in a container, and what is there: a plaintext, so it stays in memory and nothing prints it. */
export interface SecretToCompare extends SameSecret {
  /** With placeholders. */
  wanted: string;
  found: string;
}

export interface ContainerDefaults {
  loggingDriver: string;
  cgroup: string;
  runtime: string;
  hostName: string;
  /** Engines before Docker 24 (API 1.43) drop the annotations of a container. */
  keepsAnnotations: boolean;
}

export interface ObservedImage {
  id: string;
  /** What registries call it. */
  digests: string[];
  /** Paths at which its containers get anonymous volumes; default not known. */
  volumes?: string[];
}

export interface OtherBind {
  /** A container's name. */
  container: string;
  path: string;
}

export interface VolumeWriter {
  /** A container's name. */
  container: string;
  /** Compose's project label; empty when there is none. */
  project: string;
  /** Engine names. */
  volumes: string[];
}

export interface NetworkMember {
  networkId: string;
  /** A container's name. */
  container: string;
}

/** How a container is in a network. */
export interface ObservedEndpoint {
  /** Under which others find it there; null where the engine does not tell. */
  names: string[] | null;
  /** Those that somebody chose for it; what the engine chose is none of them. */
  fixedAddresses: string[];
}

/**
 * `ours`: made by this node, by its owner label and by its record. `forged`: the label is another's, or was copied.
 * `unproven`: the label is right, but the record is lost and the last status does not name the resource.
 */
export type Ownership = "ours" | "foreign" | "forged" | "unproven";

export type ContainerState = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

export interface ObservedContainer {
  id: string;
  name: string;
  ownership: Ownership;
  /** Compose's project and service labels; empty when there are none. */
  project: string;
  service: string;
  /** Compose's number of it among its service's; default the one in its name. */
  number?: number;
  /** `io.keelson.instance` */
  instance: string;
  /** `io.keelson.digest` */
  digest: string;
  /** What the record accepts it for; default nothing. */
  accepted?: AcceptedDigest;
  /** Of one that is being adopted: the fields in which it is not what is desired; default none. */
  differs?: string[];
  /** The reference it was created from, and the image's id. */
  image: string;
  imageId: string;
  /** What registries call that image, as far as it was asked for; default not known. */
  imageDigests?: string[];
  state: ContainerState;
  health: "none" | "starting" | "healthy" | "unhealthy";
  exitCode: number;
  /** Engine names of its networks. */
  networks: string[];
  /** How it is in them, by name; default unknown. */
  endpoints?: Record<string, ObservedEndpoint>;
  /** Paths of the host that it binds, itself or by a volume, and names of its volumes. */
  binds: string[];
  /** Those of the paths that the container may write. */
  writableBinds: string[];
  volumes: string[];
  /** Names of its volumes that nobody named; default none. */
  anonymousVolumes?: string[];
  /** What it sees at which path; default not known. */
  places?: MountPlace[];
  /** Of one that was adopted: the host paths of its binds, by the path in it; default none. */
  bindPaths?: Record<string, string>;
  startedAt: string;
  /**
   * For how many milliseconds it must still run until it counts as settled, because its engine has started it again;
   * default: it has settled.
   */
  settlesInMs?: number;
  /** How it ended last, where it did so by itself and not long ago; default: nothing shows that it did. */
  crash?: Crash;
  /** What `docker update` can change of it, as far as anything is set; default nothing. */
  limits?: ContainerLimits;
  /** Why it is not well, as far as the engine tells it; default nothing, also for a container that is not ours. */
  ailment?: Ailment;
}

/** What the engine and the program themselves say of a container that is unhealthy, restarting, or ended badly. */
export interface Ailment {
  /** Of its last end; null where it has not ended, or nobody remembers. */
  exitCode: number | null;
  /** How often the engine has started it again. */
  restarts: number;
  /** The last output of the health check, or the last lines of the log: bounded, without what rules a terminal. */
  said: string;
}

export interface ObservedNetwork {
  id: string;
  name: string;
  ownership: Ownership;
  /** How it differs from the definition that its labels, which are ours, claim; empty when it does not. */
  flaw: string;
  project: string;
  digest: string;
  /** Whose it is, by its label, when that is another environment. It is never `ours` then. */
  elsewhere?: { environment: string };
  /** How one without our labels differs from the definition that is desired; default not compared, empty where it does not. */
  differs?: string;
}

export interface ObservedVolume {
  name: string;
  ownership: Ownership;
  /** How it differs from the definition that its labels, which are ours, claim; empty when it does not. */
  flaw: string;
  project: string;
  digest: string;
  /** As for networks. */
  differs?: string;
  format: number | null;
  generation: number;
  /** The path of the host that it gives out, as `o: bind` says; default none. */
  bound?: BoundFolder;
  /** Whose it is, by its labels, when that is another environment; absent for all others. It is never `ours` then. */
  elsewhere?: { environment: string; instance: string };
}

export interface BoundFolder {
  path: string;
  /** Nobody writes there through it. */
  readOnly: boolean;
}

export interface HeldPort extends PublishedPort {
  /** A container's name, or null for another program. */
  container: string | null;
}

export interface HeldSubnet {
  /** Engine name of the desired network. */
  network: string;
  subnet: string;
  /** What it overlaps with, in words; null when that could not be found out. */
  holder: string | null;
  /** The network of the engine that it overlaps with; absent where that is something else. */
  holderNetwork?: { id: string; name: string };
  /** Why it could not be found out. */
  unknown: string | null;
}
