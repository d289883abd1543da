import type {
  ComposeInput,
  ComposeModel,
  ComposeResolution,
  DesiredInstance,
  Emit,
  NodeSecrets,
  ObservedEngine,
  ObservedStore,
  OperationKind,
  OperationOf,
  PublishedPort,
  RecordState,
  Revision,
  Status,
} from "@keelson/model";

/** What is asked of the engine: everything of these names, found or not. */
export interface EngineRequest {
  environment: string;
  projects: string[];
  images: string[];
  networks: string[];
  volumes: string[];
  ports: { project: string; service: string; port: PublishedPort }[];
}

/** What an operation gets beside itself. */
export interface OperationContext {
  /** The instance it belongs to; null for images and for what is no longer desired. */
  instance: DesiredInstance | null;
  signal: AbortSignal;
  progress: (message: string, share?: { done: number; total: number }) => void;
}

/** One function per kind of operation, each (nearly) one call. */
export type OperationPorts = {
  [K in OperationKind]: (operation: OperationOf<K>, context: OperationContext) => Promise<void>;
};

/** The node's memory as a round uses it. Reading writes nothing. */
export interface RecordPort {
  readState: () => RecordState;
  readComposeModel: (inputsDigest: string) => ComposeModel | null;
  saveComposeModel: (inputsDigest: string, model: ComposeModel) => void;
  saveContainers: (containers: RecordState["containers"]) => void;
  saveServiceParts: (parts: RecordState["serviceParts"]) => void;
  saveApplied: (applied: NonNullable<RecordState["applied"]>) => void;
  beginRound: (round: { commit: string; planned: number; startedAt: string }) => RoundJournal;
}

/** What a round did, written as it happens, so that a killed one can be read afterwards. */
export interface RoundJournal {
  beginOperation: (operation: { id: string; kind: string; resource: string }) => void;
  finishOperation: (id: string, result: "done" | "failed") => void;
  finish: (result: "applied" | "failed") => void;
}

/** The rooms that touch the world, as the path sees them. Apps wire them. */
export interface ReadPorts {
  fetchRevision: () => Promise<Revision>;
  resolveCompose: (input: ComposeInput) => Promise<ComposeResolution>;
  secrets: NodeSecrets;
  observeEngine: (request: EngineRequest) => Promise<ObservedEngine>;
  observeStore: () => Promise<ObservedStore>;
  record: RecordPort;
  emit: Emit;
  now: () => Date;
}

export interface Ports extends ReadPorts {
  operations: OperationPorts;
  publishStatus: (status: Status) => Promise<void>;
}
