import { type ChangeClass, type Operation, type Plan, changeClasses, projectOf } from "@keelson/model";

import { type ChangeVerb, verbOf } from "./operation-text.ts";

/** One thing that changes, as a person would say it. */
export interface PlannedChange {
  verb: ChangeVerb;
  kind: string;
  /** Without its kind: `lab-core/nginx`. */
  name: string;
  /** Why, and how it is told of it; each once. */
  reasons: readonly string[];
  class: ChangeClass;
}

/**
 * A plan folded to one entry per thing: what is merely a step of a change (starting, waiting, noting, placing the files
 * of a service that changes anyway) does not stand alone.
 */
export function summarizePlan(plan: Plan): PlannedChange[] {
  const told = plan.operations.flatMap(describeOperation);
  const services = new Set(told.filter(({ kind }) => kind === "service").map(({ name }) => name));
  const folded = plan.operations.filter(
    (operation) =>
      operation.kind === "place-files" &&
      operation.mount.services.some((service) =>
        services.has(`${projectOf(plan.environment, operation.instance)}/${service}`),
      ),
  );
  const resources = new Set(folded.map(({ resource }) => resource));
  const things = Map.groupBy(told, ({ kind, name }) => `${kind}:${name}`);
  return [...things]
    .filter(([resource]) => !resources.has(resource))
    .map(([, changes]) => changes.reduce(mergeChange));
}

/** The one that disturbs more gives the verb; a start is a step of whatever else is done. */
function mergeChange(known: PlannedChange, change: PlannedChange): PlannedChange {
  if (change.verb === "start" && known.verb !== "start") return known;
  const isMore = changeClasses.indexOf(change.class) > changeClasses.indexOf(known.class);
  const reasons = [...new Set([...known.reasons, ...change.reasons])];
  return { ...(isMore ? change : known), reasons };
}

function describeOperation(operation: Operation): PlannedChange[] {
  const verb = verbOf(operation);
  if (verb === null) return [];
  const [kind, name] = splitResource(operation.resource);
  if (operation.kind === "create-containers") {
    return operation.services.map((service) => ({
      verb,
      kind: "service",
      name: `${operation.project}/${service}`,
      reasons: operation.causes.filter((cause) => cause.service === service).map(({ text }) => text),
      class: operation.class,
    }));
  }
  const reasons = [...operation.causes.map(({ text }) => text), ...waysOf(operation)];
  return [{ verb, kind, name, reasons, class: operation.class }];
}

function waysOf(operation: Operation): string[] {
  if (operation.kind === "signal-container") return [`signal ${operation.signal}`];
  return operation.kind === "exec-in-container" ? [`run ${operation.command.join(" ")}`] : [];
}

function splitResource(resource: string): [string, string] {
  const at = resource.indexOf(":");
  return [resource.slice(0, at), resource.slice(at + 1)];
}
