import type {
  Candidate,
  ComposeInput,
  ComposeModel,
  ComposeResolution,
  DesiredInstance,
  DesiredNetwork,
  DesiredNode,
  DesiredVolume,
  Emit,
  KeelsonError,
  NodeSecrets,
  ObservedEngine,
  ObservedStore,
  OperationKind,
  OperationOf,
  PublishedPort,
  RecordState,
  ServiceParts,
  Snapshot,
  Status,
  WaitLimits,
} from "@keelson/model";

/** What is asked of the engine: everything of these names, found or not. */
export interface EngineRequest {
  environment: string;
  projects: string[];
  images: string[];
  networks: DesiredNetwork[];
  volumes: DesiredVolume[];
  ports: { project: string; service: string; port: PublishedPort }[];
  subnets: { network: string; digest: string; subnets: string[] }[];
}

/** What an operation gets beside itself. */
export interface OperationContext {
  /** The instance it belongs to; null for images and for what is no longer desired. */
  instance: DesiredInstance | null;
  /** For what only waits it also ends when waiting is of no use any more. */
  signal: AbortSignal;
  progress: (message: string, share?: { done: number; total: number }) => void;
}

/** One function per kind of operation, each (nearly) one call. */
export type OperationPorts = {
  [K in OperationKind]: (operation: OperationOf<K>, context: OperationContext) => Promise<void>;
};

/** The node's memory as a walk reads it. Only the Compose cache may be written on the way to a plan. */
export interface MemoryPort {
  readState: () => RecordState;
  readComposeModel: (inputsDigest: string) => ComposeModel | null;
  saveComposeModel: (inputsDigest: string, model: ComposeModel) => void;
}

/** The node's memory as a round writes it; saving what is there already writes nothing. */
export interface RecordPort extends MemoryPort {
  rememberContainers: (containers: readonly { id: string; project: string; service: string }[]) => void;
  forgetContainers: (ids: readonly string[]) => void;
  /** By id; the containers are remembered. */
  acceptContainers: (accepted: RecordState["accepted"]) => void;
  rememberNetworks: (networks: readonly { id: string; name: string }[]) => void;
  forgetNetworks: (names: readonly string[]) => void;
  rememberVolumes: (volumes: RecordState["volumes"]) => void;
  forgetVolumes: (names: readonly string[]) => void;
  /** By instance, the count of `renew` that was followed. */
  saveRenewed: (renewed: RecordState["renewed"]) => void;
  /** `service` is `<project>/<service>`. */
  saveServiceParts: (service: string, parts: ServiceParts) => void;
  forgetService: (service: string) => void;
  saveApplied: (applied: NonNullable<RecordState["applied"]>) => void;
  /** What a round did, written as it happens, so that a killed one can be read afterwards. Returns the round's id. */
  beginRound: (round: { commit: string; startedAt: string }) => number;
  finishRound: (round: { roundId: number; finishedAt: string; result: "done" | "failed" }) => void;
  beginOperation: (operation: {
    roundId: number;
    operationId: string;
    kind: string;
    resource: string;
    /** Services, as `<project>/<service>`, or the network that it makes. */
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
}

/** The rooms that touch the world, as the path sees them; apps wire them. As far as the desired state: no engine. */
export interface DesiredPorts {
  resolveCompose: (input: ComposeInput) => Promise<ComposeResolution>;
  secrets: NodeSecrets;
  record: MemoryPort;
  emit: Emit;
}

/** As far as the plan: nothing is changed. */
export interface ReadPorts extends DesiredPorts {
  observeEngine: (request: EngineRequest) => Promise<ObservedEngine>;
  observeStore: (desired: DesiredNode) => Promise<ObservedStore>;
  /** How long this node waits for one service. */
  waits: WaitLimits;
  now: () => Date;
}

/** The whole path. */
export interface Ports extends ReadPorts {
  /** What the sources offer, the tracked branch first. */
  findCandidates: () => Promise<Candidate[]>;
  /** A commit that was followed before; null when it is not here any more. */
  readEarlier: (commit: string) => Promise<Snapshot | null>;
  record: RecordPort;
  operations: OperationPorts;
  /** Tells `<project>/<service>` of each of this environment's containers that stops, until it is disposed of. */
  watchDeaths: (onDeath: (service: string) => void) => Disposable;
  /** The status in the node's state folder; null when there is none. */
  readStatus: () => Promise<Status | null>;
  writeStatus: (status: Status) => Promise<void>;
  /** The last output of a container, bounded. */
  readOutput: (containerId: string) => Promise<string>;
}

/** What is published of a status. */
export interface StatusFiles {
  json: string;
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
  /** Opens key, secrets and record. Throws what one of them throws. */
  openPorts: () => Promise<Ports>;
}
