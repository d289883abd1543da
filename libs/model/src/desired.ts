import type { ComposeModel, DependencyCondition } from "./compose-model.ts";
import type { InstanceState } from "./environment.ts";
import type { Ask } from "./grant.ts";
import type { LockedImage } from "./image-lock.ts";
import type { OnChange } from "./package.ts";
import type { InstancePlace, PackageIdentity } from "./rendered.ts";
import type { Schedule } from "./scheduled-job.ts";

/** What a commit says this node is to have. Holds no secret and no path of the node, so it can be printed. */
export interface DesiredNode {
  environment: string;
  node: string;
  lockDigest: string;
  /** Hex digest of everything below it. */
  digest: string;
  /** Sorted by name; none that is held. */
  instances: DesiredInstance[];
  /** Networks of the environment that instances of this node join, sorted by name. */
  networks: DesiredNetwork[];
  /** Instances that stay as they are, whatever that is; sorted by name. */
  held: HeldInstance[];
}

/** An instance that the commit has problems with, or that requires such a one. Of one that is elsewhere, only what is left here stays. */
export interface HeldInstance extends InstancePlace {
  /** The held instance that it requires; null where the commit has problems with itself. */
  requires: string | null;
  /** Whether all of its problems may pass by themselves; absent where a person has to mend one. */
  mayPass?: true;
}

export interface DesiredInstance {
  name: string;
  project: string;
  package: PackageIdentity;
  state: InstanceState;
  /** Whether what its project has already may be taken over; default not. */
  adopt?: true;
  /** The count of `commands.<instance>.renew`: moved, it permits empty volumes; default 0. */
  renew?: number;
  /** Names of instances on this node that must be up before this one. */
  after: string[];
  /** Sorted by name. */
  services: DesiredService[];
  networks: DesiredNetwork[];
  volumes: DesiredVolume[];
  mounts: DesiredMount[];
  /** Folders of the node that hold data, sorted by source. */
  folders: DesiredFolder[];
  /** The instance under whose name those folders were made; default its own. */
  was?: string;
  /** What it reaches of the host, as the environment permits it; sorted by kind, value and service. */
  grants: Ask[];
  /**
   * The model to run, with labels, networks and volumes external, and sources below `instanceToken`.
   * The owner label is added when it is written on the node.
   */
  compose: ComposeModel;
}

/** Stands in paths for the instance's folder on the node. */
export const instanceToken = "@keelson:instance@";
/** Stands in paths for the folder of the instance's data on the node. */
export const dataToken = "@keelson:data@";

export interface DesiredService {
  name: string;
  /** The name of its one container; absent where Compose gives `<project>-<service>-<n>`. */
  containerName?: string;
  /** As the Compose file writes it: a tag stays a tag, whatever it is locked to. */
  image: string;
  /** The bytes that it stands for; absent where nothing locks them. No part of the digests. */
  lockedImage?: LockedImage;
  /** Under every algorithm that is still known, newest first: that one is the container's label. */
  digests: readonly [ServiceDigest, ...ServiceDigest[]];
  replicas: number;
  /** A job: that it exited with 0 is as good as that it runs, and with an equal digest it is in sync. Others must run. */
  oneShot: boolean;
  /** When a job is run; without it, a round starts it. A round makes no container for one that has a schedule. */
  schedule?: Schedule;
  /** Whether a job is waited for until it has exited with 0: another service needs that. */
  endAwaited: boolean;
  hasHealthcheck: boolean;
  /** How long to wait for healthy, or for a job to end whose end is awaited. */
  trialMs: number;
  stopGraceMs: number | null;
  dependsOn: { service: string; condition: DependencyCondition; restart: boolean }[];
  /** Services whose namespaces or volumes this one shares: replaced and restarted together with them. */
  sharesWith: string[];
  /** `<project>/<service>` of other instances in whose namespaces it lives: it follows them in the same way; default none. */
  joins?: string[];
  /** Engine names of its networks. */
  networks: string[];
  /** Engine names of those of its named volumes that are the instance's own. */
  volumes: string[];
  /** Engine names of the others, which somebody else makes and keeps; default none. */
  externalVolumes?: string[];
  /** What its containers see at which path, as the Compose file says; sorted by path. */
  places: MountPlace[];
  ports: PublishedPort[];
}

/** What a container sees at a path. */
export interface MountPlace {
  /** Absolute, without a slash at its end. */
  path: string;
  kind: "volume" | "anonymous" | "memory" | "bind";
  /** Engine name of the volume; empty for what is none, and for an anonymous one that is not made yet. */
  volume: string;
  /** The folder of the volume that is seen; empty for all of it. */
  subpath: string;
  readOnly: boolean;
  /** Of a bind, what is seen: a path of the node; in what is desired of data folders only, below `dataToken`. */
  source?: string;
}

/** What a container is made of: the resolved service and its files of class `recreate`. */
export interface ServiceDigest {
  /** What counts, by the name that records keep. */
  algorithm: string;
  /** Hex. */
  digest: string;
  /** What it was made of, by part, so that a plan can say what changed: hex digests, the image in clear. */
  parts: Record<string, string>;
}

export interface PublishedPort {
  hostIp: string;
  port: number;
  protocol: string;
}

export interface DesiredNetwork {
  /** Key in the Compose file. */
  key: string;
  /** Name in the engine. */
  name: string;
  /** Hex digest of the definition. */
  digest: string;
  definition: Record<string, unknown>;
  /** Of the environment's: one of this name that somebody else has made is as good; default not. */
  mayBeForeign?: boolean;
}

export interface DesiredVolume {
  key: string;
  name: string;
  digest: string;
  definition: Record<string, unknown>;
  /** Data format and generation, written on the volume's labels. */
  format: number | null;
  /** Formats that the version can read, as a semver range over `<format>.0.0`; null when the package does not say. */
  reads: string | null;
  generation: number;
}

/** How a mount lies on disk. `content`: content-addressed; `live`: replaced by rename; `data`: behind `..data`. */
export type MountLayout = "content" | "live" | "data";

/** What compose.yaml binds: one rendered file, or a folder of them. */
export interface DesiredMount {
  /** As compose.yaml binds it, such as `core/conf`. */
  source: string;
  kind: "file" | "folder";
  layout: MountLayout;
  /** Whether containers may write there. Nothing else on the node is bound from below such a place. */
  writable: boolean;
  /** Path of what is bound, below the instance's folder on the node; equal for read-only mounts of equal content and name. */
  target: string;
  /** Sorted by path. */
  files: DesiredFile[];
  /** Services that mount it, sorted. */
  services: string[];
}

/**
 * A folder of the node that holds data of an instance. Keelson never removes it, and writes nothing there but the files of a
 * kept one.
 */
export interface DesiredFolder {
  /** As compose.yaml binds it, without a leading `./`, and `.` for all of it: below `dataToken` in the model that runs. */
  source: string;
  /** `file`: a single file that is bound. Without a committed one, somebody has to put it there. */
  kind: "folder" | "file";
  /** The committed files that are kept in it, sorted by path; none for a data folder. */
  files: DesiredFile[];
  /** Services that mount it, sorted. */
  services: string[];
  /** Those of them that may write there. */
  writers: string[];
}

export interface DesiredFile {
  /** Path of the rendered file (`to`). */
  to: string;
  /** Path inside the mount; for a mount of one file its base name. */
  path: string;
  /** Hex digest of content, mode and owner. */
  digest: string;
  /** Of the content with its secrets: SHA-256, an HMAC where a secret is inside, `unknown:…` without the node's key. */
  contentDigest: string;
  content: Uint8Array;
  secrets: string[];
  mode: number;
  owner: { uid: number; gid: number } | null;
  onChange: OnChange;
}
