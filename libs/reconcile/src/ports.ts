import type {
  Candidate,
  ComposeInput,
  ComposeModel,
  ComposeResolution,
  Crash,
  DesiredInstance,
  DesiredMount,
  DesiredNetwork,
  DesiredNode,
  DesiredVolume,
  Emit,
  JobResult,
  KeelsonError,
  LockedImage,
  NodeGrants,
  NodeSecrets,
  ObservedEngine,
  ObservedHost,
  ObservedStore,
  OperationKind,
  OperationOf,
  Problem,
  PublishedPort,
  RecordState,
  SameFiles,
  SameSecret,
  ScheduledJob,
  SecretToCompare,
  ServiceParts,
  Snapshot,
  StagedNeeds,
  StagedRelease,
  Status,
  Suspension,
  WaitLimits,
  WrittenImage,
} from "@keelson/model";
import type { Tree } from "@keelson/nar";

/** What the engine is asked for: everything with these names, whether it is there or not. */
export interface EngineRequest {
  environment: string;
  projects: string[];
  images: string[];
  /** By such a reference, the bytes that it stands for; default nothing is locked. */
  lockedImages?: Record<string, LockedImage>;
  networks: DesiredNetwork[];
  volumes: DesiredVolume[];
  ports: { project: string; service: string; port: PublishedPort }[];
  subnets: { network: string; digest: string; subnets: string[] }[];
  /** What the Compose files call containers, by `<project>/<service>`. */
  containerNames: Map<string, string>;
  /** Engine names of networks and volumes that are used and that somebody else makes. */
  externalNetworks: string[];
  externalVolumes: string[];
  /** Projects whose containers may be adopted. */
  adoptable: string[];
}

/** What the function of an operation gets beside the operation. */
export interface OperationContext {
  /** The instance of the operation; null for images and for what is no longer desired. */
  instance: DesiredInstance | null;
  /** For operations that only wait, it also aborts when waiting is of no use any more. */
  signal: AbortSignal;
  progress: (message: string, share?: { done: number; total: number }) => void;
}

/** One function for each kind of operation; each makes nearly one call. */
export type OperationPorts = {
  [K in OperationKind]: (operation: OperationOf<K>, context: OperationContext) => Promise<void>;
};

/** The node's memory for a walk to a plan, which may write nothing but the Compose cache. */
export interface MemoryPort {
  readState: () => RecordState;
  readComposeModel: (inputsDigest: string) => ComposeModel | null;
  saveComposeModel: (inputsDigest: string, model: ComposeModel) => void;
}

/** The node's memory for a round. Saving what is there already writes nothing. */
export interface RecordPort extends MemoryPort {
  rememberContainers: (containers: readonly { id: string; project: string; service: string }[]) => void;
  forgetContainers: (ids: readonly string[]) => void;
  /** By id, for containers that are remembered. */
  acceptContainers: (accepted: RecordState["accepted"]) => void;
  rememberLimits: (limits: NonNullable<RecordState["limits"]>) => void;
  /** By id, for containers that are remembered. */
  noteCrashes: (crashes: Readonly<Record<string, Crash>>) => void;
  rememberNetworks: (networks: readonly { id: string; name: string }[]) => void;
  forgetNetworks: (names: readonly string[]) => void;
  rememberVolumes: (volumes: RecordState["volumes"]) => void;
  forgetVolumes: (names: readonly string[]) => void;
  /** By path. */
  rememberFolders: (folders: NonNullable<RecordState["folders"]>) => void;
  forgetFolders: (paths: readonly string[]) => void;
  /** By instance, the count of `renew` that was followed. */
  saveRenewed: (renewed: RecordState["renewed"]) => void;
  /** `service` is `<project>/<service>`. */
  saveServiceParts: (service: string, parts: ServiceParts) => void;
  forgetService: (service: string) => void;
  saveApplied: (applied: NonNullable<RecordState["applied"]>) => void;
  /** Changes what is known of the last apply: the commit that was attempted last stays the same. */
  amendApplied: (applied: NonNullable<RecordState["applied"]>) => void;
  /** Begins the journal of a round, which is written as it happens and outlives a kill. Returns the round's id. */
  beginRound: (round: { commit: string; startedAt: string }) => number;
  finishRound: (round: { roundId: number; finishedAt: string; result: "done" | "failed" }) => void;
  beginOperation: (operation: {
    roundId: number;
    operationId: string;
    kind: string;
    resource: string;
    /** The services (`<project>/<service>`) or the network that the operation makes. */
    makes: readonly string[];
    startedAt: string;
  }) => void;
  finishOperation: (operation: {
    roundId: number;
    operationId: string;
    finishedAt: string;
    result: "done" | "failed";
  }) => void;
  closeInterrupted: (finishedAt: string) => void;
  /** Jobs that run by a schedule. A run changes its own between rounds and during them. */
  readScheduledJobs: () => ScheduledJob[];
  saveScheduledJobs: (jobs: readonly Omit<ScheduledJob, "missed" | "running" | "last">[]) => void;
  forgetScheduledJobs: (names: readonly string[]) => void;
  addMissedRuns: (name: string, missed: { count: number; accountedAt: string }) => void;
  endRun: (name: string, result: JobResult) => void;
}

/** The node's store of staged releases. */
export interface StorePort {
  /** `isThorough`: the bytes of what is there already are read, too. */
  stageRelease: (input: {
    release: { name: string; version: string; digest: string };
    readTree: () => Promise<Tree>;
    isThorough: boolean;
  }) => Promise<"staged" | "kept" | "mended">;
  listStaged: () => Promise<StagedRelease[]>;
  /** Null when nothing was noted yet. */
  readNeeds: () => Promise<StagedNeeds | null>;
  /** What is noted already is not written again. */
  writeNeeds: (needs: StagedNeeds) => Promise<void>;
  /** Removes these entries, and what kills have left. */
  collectGarbage: (entries: readonly string[]) => Promise<void>;
}

/** What a walk to the desired state needs: no engine. `node` wires these ports from the I/O rooms. */
export interface DesiredPorts {
  /** What is refused in the Compose files of an instance, by their text alone. */
  gateCompose: (input: ComposeInput) => Problem[];
  /** The images of a package as its Compose files write them. */
  listImages: (input: ComposeInput) => WrittenImage[];
  resolveCompose: (input: ComposeInput) => Promise<ComposeResolution>;
  secrets: NodeSecrets;
  record: MemoryPort;
  emit: Emit;
}

/** What a walk to the plan needs. It changes nothing. */
export interface ReadPorts extends DesiredPorts {
  observeEngine: (request: EngineRequest) => Promise<ObservedEngine>;
  observeStore: (input: {
    desired: DesiredNode;
    /** Data folders that the record knows, by path. */
    known: NonNullable<RecordState["folders"]>;
  }) => Promise<ObservedStore>;
  /** Which of these paths of the host hold just the files of their mounts. */
  findSameFiles: (bound: readonly { path: string; mount: DesiredMount }[]) => Promise<SameFiles[]>;
  /** Which of these variables hold the secrets that they are to hold. */
  findSameSecrets: (secrets: readonly SecretToCompare[]) => SameSecret[];
  /** Where these paths of the host lead. */
  observeHost: (paths: readonly string[]) => Promise<ObservedHost>;
  /** What this node permits of what an environment grants. */
  allow: NodeGrants | "all";
  /** How long this node waits for one service. */
  waits: WaitLimits;
  now: () => Date;
}

/** What a round needs. */
export interface Ports extends ReadPorts {
  /** The candidates of all sources, the tracked branch first. */
  findCandidates: () => Promise<Candidate[]>;
  /** Reads a commit that was followed before; null when the node does not have it any more. */
  readEarlier: (commit: string) => Promise<Snapshot | null>;
  record: RecordPort;
  store: StorePort;
  operations: OperationPorts;
  /** Calls back with `<project>/<service>` for each container of this environment that stops, until it is disposed. */
  watchDeaths: (onDeath: (service: string) => void) => Disposable;
  /** The status in the node's state folder; null when there is none. */
  readStatus: () => Promise<Status | null>;
  writeStatus: (status: Status) => Promise<void>;
  /** Writes the Compose file of an instance, from which its jobs run. */
  writeCompose: (instance: DesiredInstance) => Promise<void>;
  /** Keeps runs of a job from beginning until it is disposed; null while a process of this node runs it. */
  takeJobLock: (job: string) => Promise<Disposable | null>;
  /** Names of the containers in which a job, `<project>/<service>`, runs now, whoever has started them. */
  findRuns: (job: string) => Promise<string[]>;
  /** Stops the container of a run, and returns what it wrote last: bounded, without secret values. */
  stopRun: (container: string) => Promise<string>;
  /** The last output of a container, bounded. */
  readOutput: (containerId: string) => Promise<string>;
}

/** What is published of a status. */
export interface StatusFiles {
  json: string;
  /** What a note begins with. */
  heading: string;
  markdown: string;
}

/** Where this node publishes its status. */
export interface StatusPort {
  /** How often a status is published although nothing changed. */
  heartbeatMs: number;
  /** The status that was published last, also where the node has lost its state folder; null when there is none. */
  readPublished: () => Promise<Status | null>;
  /**
   * Returns what was published. `commit` is the one that the status is about. `write` gets the status that is published
   * by now, which can be newer than the one of `readPublished`, and the error that says what else was in its place.
   */
  publishStatus: <Files extends StatusFiles>(status: {
    commit: string;
    write: (before: Status | null, passedOver: KeelsonError | null) => Files;
  }) => Promise<Files>;
}

/** A node whose lock the round holds: it can say its status even when the path cannot be walked. */
export interface NodePorts extends Pick<Ports, "emit" | "readStatus" | "writeStatus" | "now"> {
  /** Null when the status stays on the node. */
  statusPort: StatusPort | null;
  /** Null unless a person withholds action on the node. */
  readSuspension: () => Promise<Suspension | null>;
  /** Opens key, secrets and record, and throws what they throw. */
  openPorts: () => Promise<Ports>;
}
