import type { ServiceDigest } from "./desired.ts";
import type { Ask } from "./grant.ts";

/** The node's durable memory, as the planner reads it. Nothing is decided from it that can be observed. */
export interface RecordState {
  /** Containers that Keelson created here, by id: tells an original from a copy of its labels. */
  containers: Record<string, { project: string; service: string }>;
  /** What containers are accepted for beside their labels, by id. */
  accepted: Record<string, AcceptedDigest>;
  /** What was made by somebody else and taken over; default nothing. */
  adopted?: AdoptedResources;
  /** Limits that containers had when Keelson first saw them, by id; absent for those of earlier versions. */
  limits?: Record<string, ContainerLimits>;
  /** Of a record that was begun after another one was lost; absent where none was. */
  loss?: RecordLoss;
  /** Ids of networks that Keelson created here, by name. */
  networks: Record<string, string>;
  /** Volumes that this node has, or had: one that is here and not in the engine is lost. By engine name. */
  volumes: Record<string, KnownVolume>;
  /** Data folders that this node has, or had, by their absolute path; default none. */
  folders?: Record<string, KnownFolder>;
  /** By instance, the count of `commands.<instance>.renew` that was followed last; 0 where there is none. */
  renewed: Record<string, number>;
  /** What was last applied completely; null before the first time. */
  applied: {
    commit: string;
    desiredDigest: string;
    lockDigest: string;
    appliedAt: string;
    /** Instance names, each after those it requires: removal goes the other way. */
    instanceOrder: string[];
    /** By instance, all that it requires, however far down; absent in records of earlier versions. */
    requires?: Record<string, string[]>;
    /** By `<project>/<service>`, the services of its instance that it depends on: they are removed after it. */
    dependsOn: Record<string, string[]>;
    /** By instance, its services, as above, that were to have containers; absent in records of earlier versions. */
    services?: Record<string, string[]>;
    /** Services, as above, that are meant to end; absent in records of earlier versions. */
    oneShots?: string[];
    /** Names of instances that were to be installed only; absent in records of earlier versions. */
    installed?: string[];
    /** By instance, what it reached of the host; absent in records of earlier versions. */
    grants?: Record<string, Ask[]>;
  } | null;
  /** The last commit of which a round did something, or that was found applied; null before the first time. */
  attempted: string | null;
  /** Parts of the digests of services as applied, so that a plan can say what changed: by `<project>/<service>`. */
  serviceParts: Record<string, ServiceParts>;
  /**
   * Services, by `<project>/<service>`, whose containers a round was making that has not been finished: what a killed
   * agent made is not in `containers` yet.
   */
  openServices: readonly string[];
  /** The same of networks, by name. */
  openNetworks: readonly string[];
  /**
   * When services were started again since their containers were made: times, the last one at the end, of the last rounds
   * that did anything. By `<project>/<service>`.
   */
  starts: Record<string, string[]>;
  /** The last two crashes that rounds have seen of containers, by id. */
  crashes: Record<string, Crash[]>;
  /** Jobs, by `<project>/<service>`, of which a run by schedule is at work. */
  jobsAtWork: readonly string[];
}

/** What was there when a record was begun after a loss. Short ids. */
export interface RecordLoss {
  /** What this node had made, by its last status. */
  made: readonly string[];
  /** What had labels of this node's key, and that no status names. */
  unproven: readonly string[];
}

/** What carries no label of ours and is this node's own all the same, each with its instance. */
export interface AdoptedResources {
  /** By id. */
  containers: Readonly<Record<string, string>>;
  /** By id. */
  networks: Readonly<Record<string, string>>;
  /** By engine name. */
  volumes: Readonly<Record<string, string>>;
}

/** Who uses the data of a volume, as far as this node knows. */
export interface KnownVolume {
  /** Services that use it, or that used it last, as `<instance>/<service>`, sorted; empty when that is not known. */
  users: readonly string[];
  /** `<release>/<package>` of their instance; empty when that is not known. */
  package: string;
  state: VolumeState;
  /** By user, where its containers have it, or had it last; absent where that is not known. */
  places?: Readonly<Record<string, readonly VolumePlace[]>>;
}

/** What this node knows of a data folder. */
export interface KnownFolder {
  /** The instance, and what its compose.yaml binds. */
  instance: string;
  source: string;
  /** `<release>/<package>`, or the path of a local package. */
  package: string;
  /** Services that have run with it, as `<instance>/<service>`, sorted. */
  users: readonly string[];
  /** Whether something was in it. */
  wasFilled: boolean;
  state: FolderUse;
  /** The files that Keelson placed last, by path in it. */
  placed: Readonly<Record<string, PlacedLast>>;
}

/** `used`: the revision has it. `given-up`: a person has said that its last users may begin without it. */
export const folderUses = ["used", "unused", "given-up"] as const;
export type FolderUse = (typeof folderUses)[number];

/** Hex digests of a kept file: of its content, and of content, mode and owner. */
export interface PlacedLast {
  content: string;
  whole: string;
}

/** Where a container has a volume. */
export interface VolumePlace {
  path: string;
  /** The folder of the volume that is seen there; empty for all of it. */
  subpath: string;
  /** Whether the user has only ever read the volume. */
  readOnly: boolean;
  /** Paths below it at which other volumes, or memory, lie over what the volume has there; sorted. */
  covered: readonly string[];
}

/**
 * `used`: a service is to have it, a container has it, or what would come in its place waits for a person. `unused`: nothing has
 * it any more, and its last users may not begin without it. `given-up`: a person has said that they may. `lost`: it went while
 * it was used.
 */
export const volumeStates = ["used", "unused", "given-up", "lost"] as const;
export type VolumeState = (typeof volumeStates)[number];

/** What one container stands for, whatever its label says. */
export type AcceptedDigest = Pick<ServiceDigest, "algorithm" | "digest">;

/** By the name of a limit, such as `memory`, its value as the engine has it; and the restart policy. */
export type ContainerLimits = Readonly<Record<string, string>>;

/** An end of a container by itself: with an exit code that is an error, and that nobody has asked for. */
export interface Crash {
  /** By the engine's clock. */
  at: string;
  exitCode: number;
}

/** Parts can be compared with those of the same algorithm only. */
export type ServiceParts = Pick<ServiceDigest, "algorithm" | "parts">;

export const emptyRecord: RecordState = {
  containers: {},
  accepted: {},
  limits: {},
  networks: {},
  volumes: {},
  folders: {},
  renewed: {},
  applied: null,
  attempted: null,
  serviceParts: {},
  openServices: [],
  openNetworks: [],
  starts: {},
  crashes: {},
  jobsAtWork: [],
};
