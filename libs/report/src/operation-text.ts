import type { Operation, OperationKind } from "@keelson/model";

/** What becomes of a thing, as the summary of a plan says it. */
export type ChangeVerb =
  | "create"
  | "start"
  | "reload"
  | "restart"
  | "recreate"
  | "connect"
  | "stop"
  | "remove"
  | "rename"
  | "place"
  | "pull"
  | "adopt"
  | "release";

interface OperationWords {
  doing: string;
  /** Null for what is never a change of its own: it waits or notes, as a step of one. */
  verb: ChangeVerb | null;
  /** Worth showing while it runs, not once it is done: it is only a step between others. */
  isMereStep: boolean;
}

const words: Record<OperationKind, OperationWords> = {
  "pull-image": { doing: "pulling", verb: "pull", isMereStep: false },
  "create-network": { doing: "creating", verb: "create", isMereStep: false },
  "remove-network": { doing: "removing", verb: "remove", isMereStep: false },
  "connect-container": { doing: "connecting", verb: "connect", isMereStep: false },
  "create-volume": { doing: "creating", verb: "create", isMereStep: false },
  "place-files": { doing: "placing", verb: "place", isMereStep: false },
  "keep-folder": { doing: "keeping", verb: "place", isMereStep: false },
  "remove-files": { doing: "removing", verb: "remove", isMereStep: true },
  "record-files": { doing: "noting", verb: null, isMereStep: true },
  "create-containers": { doing: "creating", verb: "create", isMereStep: false },
  "start-service": { doing: "starting", verb: "start", isMereStep: true },
  "restart-container": { doing: "restarting", verb: "restart", isMereStep: false },
  "signal-container": { doing: "signalling", verb: "reload", isMereStep: false },
  "exec-in-container": { doing: "running a command in", verb: "reload", isMereStep: false },
  "await-service": { doing: "waiting for", verb: null, isMereStep: false },
  "remove-container": { doing: "removing", verb: "remove", isMereStep: false },
  "stop-container": { doing: "stopping", verb: "stop", isMereStep: false },
  "adopt-project": { doing: "adopting", verb: "adopt", isMereStep: false },
  "release-project": { doing: "releasing", verb: "release", isMereStep: false },
  "rename-container": { doing: "renaming", verb: "rename", isMereStep: false },
};

/** What an operation is doing, in words: `starting lab-core/nginx`. */
export function formatOperation({ kind, resource }: Operation): string {
  return `${words[kind].doing} ${resource.slice(resource.indexOf(":") + 1)}`;
}

/** Operations that are only steps between others: worth showing while they run, not once they are done. */
export function isMereStep({ kind }: Operation): boolean {
  return words[kind].isMereStep;
}

/** What an operation makes of its thing; null for a step of another one's change. */
export function verbOf(operation: Operation): ChangeVerb | null {
  const { kind, class: changeClass } = operation;
  if (kind === "keep-folder" && operation.isNew === true) return "create";
  const makes = kind === "create-containers" || kind === "create-network";
  return makes && changeClass === "recreate" ? "recreate" : words[kind].verb;
}
