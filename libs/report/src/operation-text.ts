import type { Operation } from "@keelson/model";

const verbs: Record<Operation["kind"], string> = {
  "pull-image": "pulling",
  "create-network": "creating",
  "remove-network": "removing",
  "create-volume": "creating",
  "place-files": "placing",
  "remove-files": "removing",
  "record-files": "noting",
  "create-containers": "creating",
  "start-service": "starting",
  "restart-container": "restarting",
  "signal-container": "signalling",
  "exec-in-container": "running a command in",
  "await-service": "waiting for",
  "remove-container": "removing",
  "stop-container": "stopping",
  "rename-container": "renaming",
};

/** What an operation is doing, in words: `starting lab-core/nginx`. */
export function formatOperation(operation: Operation): string {
  return `${verbs[operation.kind]} ${operation.resource.slice(operation.resource.indexOf(":") + 1)}`;
}

const mereSteps = new Set<Operation["kind"]>(["record-files", "start-service", "remove-files"]);

/** Operations that are only steps between others: worth showing while they run, not once they are done. */
export function isMereStep(operation: Operation): boolean {
  return mereSteps.has(operation.kind);
}
