/** What an operation does, and to what. By it the operations of one plan wait for each other. */
export interface OperationKey {
  readonly step: OperationStep;
  /** The Compose project that it is about; empty where the name says all. */
  readonly project: string;
  readonly name: string;
}

export type OperationStep =
  | "pull"
  | "network"
  | "remove-network"
  | "connect"
  | "volume"
  | "place"
  | "folder"
  | "create"
  | "start"
  | "restart"
  | "await"
  | "signal"
  | "record"
  | "forget"
  | "remove"
  | "stop"
  | "rename"
  | "collect"
  | "adopt"
  | "release";

/** What an operation waits for. It must be in the plan, unless it was asked for with `ifPlanned`. */
export type Dependency = OperationKey & { readonly isOptional?: true };

/** For what has to be waited for when it is in the plan, and need not be there. */
export function ifPlanned(key: OperationKey): Dependency {
  return { ...key, isOptional: true };
}

/** Equal for equal keys and for no others. */
export function idOfKey({ step, project, name }: OperationKey): string {
  return JSON.stringify([step, project, name]);
}

function key(step: OperationStep, { project = "", name }: { project?: string; name: string }): OperationKey {
  return { step, project, name };
}

export const keys = {
  pull: (image: string) => key("pull", { name: image }),
  network: (name: string) => key("network", { name }),
  removeNetwork: (id: string) => key("remove-network", { name: id }),
  connect: (containerId: string, network: string) => key("connect", { name: `${containerId}/${network}` }),
  volume: (name: string) => key("volume", { name }),
  place: (project: string, target: string) => key("place", { project, name: target }),
  folder: (project: string, source: string) => key("folder", { project, name: source }),
  create: (project: string, wave: string) => key("create", { project, name: wave }),
  start: (project: string, service: string) => key("start", { project, name: service }),
  restart: (containerId: string) => key("restart", { name: containerId }),
  await: (project: string, service: string) => key("await", { project, name: service }),
  signal: (containerId: string, what: string) => key("signal", { name: `${containerId}/${what}` }),
  record: (project: string, service: string) => key("record", { project, name: service }),
  forget: (project: string, service: string) => key("forget", { project, name: service }),
  remove: (containerId: string) => key("remove", { name: containerId }),
  stop: (containerId: string) => key("stop", { name: containerId }),
  rename: (containerId: string) => key("rename", { name: containerId }),
  adopt: (project: string) => key("adopt", { project, name: "" }),
  release: (project: string) => key("release", { project, name: "" }),
  collect: (project: string) => key("collect", { project, name: "" }),
};
