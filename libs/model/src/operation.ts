import type { Cause, ChangeClass } from "./cause.ts";
import type { DependencyCondition } from "./compose-model.ts";
import type { DesiredFolder, DesiredMount, DesiredNetwork, DesiredVolume } from "./desired.ts";
import type { AcceptedDigest } from "./record.ts";

interface OperationBase {
  /** `#1`, `#2`, … in plan order. */
  id: string;
  /** Such as `service:lab-core/nginx`. */
  resource: string;
  causes: Cause[];
  class: ChangeClass;
  /** Ids of operations that must be done first. */
  after: string[];
}

export interface PullImage extends OperationBase {
  kind: "pull-image";
  image: string;
}
export interface CreateNetwork extends OperationBase {
  kind: "create-network";
  /** Null for a network of the environment. */
  instance: string | null;
  project: string | null;
  network: DesiredNetwork;
}
/** Disconnects the members and removes the network; where that fails, they are connected again. */
export interface RemoveNetwork extends OperationBase {
  kind: "remove-network";
  networkId: string;
  /** Ids of own containers that are in it and stay. */
  members: string[];
}
/** Connects a container to a network, as Compose would; whatever connection of that name it has goes first. */
export interface ConnectContainer extends OperationBase {
  kind: "connect-container";
  containerId: string;
  containerName: string;
  /** Name in the engine. */
  network: string;
  /** Of a network that this node has not made; absent for its own. */
  networkId?: string;
  endpoint: Endpoint;
}
/** How a container is in a network, as far as somebody has said it. */
export interface Endpoint {
  aliases: string[];
  /** Empty where the engine chooses. */
  ipv4Address: string;
  ipv6Address: string;
  linkLocalAddresses: string[];
}
export interface CreateVolume extends OperationBase {
  kind: "create-volume";
  instance: string;
  project: string;
  volume: DesiredVolume;
}
/** Puts a mount's files in place, exactly these; what the services must do follows in its own operation. */
export interface PlaceFiles extends OperationBase {
  kind: "place-files";
  instance: string;
  mount: DesiredMount;
}
/**
 * Makes a data folder that is not there, and keeps its committed files in it. What lies there otherwise than it says is left
 * as it is, and is an error.
 */
export interface KeepFolder extends OperationBase {
  kind: "keep-folder";
  instance: string;
  folder: DesiredFolder;
  /** Where another instance made it. */
  was?: string;
  /** It was never there: it begins with what is placed in it. */
  isNew?: true;
  /** Paths of the files that are put there, each with the content digest of what it replaces, or null. */
  place: Record<string, string | null>;
  /** Paths of the files that are removed, each with its content digest. */
  remove: Record<string, string>;
}
/** Removes what nothing mounts any more; paths are below the instance's folder, `.` is that folder with all in it. */
export interface RemoveFiles extends OperationBase {
  kind: "remove-files";
  instance: string;
  paths: string[];
}
/** One Compose call for a wave of one instance: creates or recreates the containers and starts none. */
export interface CreateContainers extends OperationBase {
  kind: "create-containers";
  instance: string;
  project: string;
  services: string[];
  /** The same services, as they can be made apart: where something is in the way of one part, the others are made. */
  parts: CreationPart[];
  /** Recreate even where Compose sees no difference (a moved tag, a lost network). */
  force: boolean;
  /**
   * Volumes that images must declare, which were not there when this was planned: what is replaced has data in anonymous volumes
   * there. Default none.
   */
  declared?: ImageVolume[];
}
export interface ImageVolume {
  service: string;
  image: string;
  /** In the container. */
  path: string;
}
/** One service, or several that share a namespace and would be left in a dead one. */
export interface CreationPart {
  services: string[];
  /** Ids of those of the operation's `after`, and of what those wait for, that must be done before this part is made. */
  after: string[];
}
/** Starts what a service has that is not running. */
export interface StartService extends OperationBase {
  kind: "start-service";
  instance: string;
  project: string;
  service: string;
}
export interface RestartContainer extends OperationBase {
  kind: "restart-container";
  instance: string;
  project: string;
  service: string;
  containerId: string;
}
export interface SignalContainer extends OperationBase {
  kind: "signal-container";
  instance: string;
  project: string;
  service: string;
  containerId: string;
  signal: string;
}
export interface ExecInContainer extends OperationBase {
  kind: "exec-in-container";
  instance: string;
  project: string;
  service: string;
  containerId: string;
  command: string[];
}
/** Waits, with an end, until all containers of a service meet the condition. */
export interface AwaitService extends OperationBase {
  kind: "await-service";
  instance: string;
  project: string;
  service: string;
  condition: DependencyCondition;
  /** An exit with 0 is as good as the condition. */
  mayEnd: boolean;
  timeoutMs: number;
}
export interface RemoveContainer extends OperationBase {
  kind: "remove-container";
  containerId: string;
  containerName: string;
}
export interface StopContainer extends OperationBase {
  kind: "stop-container";
  containerId: string;
  containerName: string;
}
export interface RenameContainer extends OperationBase {
  kind: "rename-container";
  containerId: string;
  name: string;
}

/** Takes over what somebody else has made of an instance's project. Nothing is changed in the engine. */
export interface AdoptProject extends OperationBase {
  kind: "adopt-project";
  instance: string;
  project: string;
  containers: AdoptedContainer[];
  networks: { id: string; name: string }[];
  /** Engine names. */
  volumes: string[];
}
export interface AdoptedContainer {
  id: string;
  name: string;
  service: string;
  /** What it stands for from now on; null for one that differs, and is made anew. */
  accepted: AcceptedDigest | null;
  /** As it was when it was compared. */
  fingerprint: string;
}
/** Forgets what the node has of an instance's project. Nothing is changed in the engine. */
export interface ReleaseProject extends OperationBase {
  kind: "release-project";
  instance: string;
  project: string;
  /** Ids. */
  containers: string[];
  networks: { id: string; name: string }[];
  volumes: string[];
}

/** Notes beside the files which live files a service has loaded, after its signal or restart. */
export interface RecordFiles extends OperationBase {
  kind: "record-files";
  instance: string;
  service: string;
  /** Digest by `to`. */
  files: Record<string, string>;
}

export type Operation =
  | PullImage
  | CreateNetwork
  | RemoveNetwork
  | ConnectContainer
  | CreateVolume
  | PlaceFiles
  | KeepFolder
  | RemoveFiles
  | CreateContainers
  | StartService
  | RestartContainer
  | SignalContainer
  | ExecInContainer
  | AwaitService
  | RemoveContainer
  | StopContainer
  | RenameContainer
  | RecordFiles
  | AdoptProject
  | ReleaseProject;

export type OperationKind = Operation["kind"];
export type OperationOf<K extends OperationKind> = Extract<Operation, { kind: K }>;
