import {
  type CreationPart,
  KeelsonError,
  type Operation,
  type OperationOf,
  resourceIds,
} from "@keelson/model";

type Creation = OperationOf<"create-containers">;

/** The parts of an operation that can be made apart; of any other there is but the whole. */
export function partsOf(operation: Operation): readonly CreationPart[] {
  return operation.kind === "create-containers" && operation.parts.length > 1 ? operation.parts : [];
}

/** The operation with only some of its parts, under the same id. */
export function narrowTo(parts: readonly CreationPart[], operation: Operation): Operation {
  if (operation.kind !== "create-containers" || parts.length === operation.parts.length) return operation;
  const wanted = new Set(parts.flatMap(({ services }) => services));
  const services = operation.services.filter((name) => wanted.has(name));
  return {
    ...operation,
    resource: resourceIds.services(operation.project, services),
    services,
    parts: [...parts],
    causes: operation.causes.filter(({ service }) => service === null || wanted.has(service)),
  };
}

/** Whether one part can be what a whole creation failed of; an engine that is gone fails all of them alike. */
export function isOfOnePart(error: unknown): boolean {
  if (!(error instanceof KeelsonError)) return false;
  return (
    error.code === "K3007" ||
    error.code === "K3049" ||
    (error.code === "K3008" && error.outcome.kind === "transient")
  );
}

/** Whether an operation needs what some parts of one before make; what is about another service of that one does not. */
export function needs(operation: Operation, before: { whole: Operation; part: Operation }): boolean {
  const { whole, part } = before;
  if (whole.kind !== "create-containers" || part.kind !== "create-containers") return true;
  const isAbout = ({ project, services }: Creation) =>
    services.some((service) => operation.resource === resourceIds.service(project, service));
  return !isAbout(whole) || isAbout(part);
}
