import { type KeepFolder, type Operation, type Plan, shortDigest } from "@keelson/model";

import { type ChangeVerb, verbOf } from "./operation-text.ts";

/** One thing that changes, as a person would say it. */
export interface PlannedChange {
  verb: ChangeVerb;
  kind: string;
  /** Without its kind: `lab-core/nginx`. */
  name: string;
  /** Why, and how it is told of it; each once. */
  reasons: readonly string[];
}

/**
 * A plan folded to one entry per thing: what is merely a step of a change (starting, waiting, noting, placing the files
 * of a service that changes anyway) does not stand alone.
 */
export function summarizePlan(plan: Plan): PlannedChange[] {
  const told = plan.operations.flatMap(describeOperation);
  const services = new Set(told.filter(({ kind }) => kind === "service").map(({ name }) => name));
  // A misspelt path shows by the empty folder that it makes.
  const folded = plan.operations.filter(
    (operation) =>
      !isNewFolder(operation) && servicesOfFiles(operation).some((service) => services.has(service)),
  );
  const resources = new Set(folded.map(({ resource }) => resource));
  const things = Map.groupBy(told, ({ kind, name }) => `${kind}:${name}`);
  return [...things]
    .filter(([resource]) => !resources.has(resource))
    .map(([, changes]) => changes.reduce(mergeChange));
}

/** The services, as `<project>/<service>`, that bind what an operation places. */
function servicesOfFiles(operation: Operation): string[] {
  const [, project = ""] = /^(?:files|folder):([^/]*)\//.exec(operation.resource) ?? [];
  const named = (services: readonly string[]) => services.map((service) => `${project}/${service}`);
  if (operation.kind === "place-files") return named(operation.mount.services);
  return operation.kind === "keep-folder" ? named(operation.folder.services) : [];
}

/** What says most of what becomes of a thing comes first: of two operations on it, that one gives the verb. */
const verbsByWeight: readonly ChangeVerb[] = [
  "recreate",
  "restart",
  "stop",
  "reload",
  "connect",
  "create",
  "pull",
  "place",
  "rename",
  "adopt",
  "release",
  "start",
  "remove", // only what nothing is made of any more is removed; otherwise something too much of it goes
];

function mergeChange(known: PlannedChange, change: PlannedChange): PlannedChange {
  const isMore = verbsByWeight.indexOf(change.verb) < verbsByWeight.indexOf(known.verb);
  const reasons = [...new Set([...known.reasons, ...change.reasons])];
  return { ...(isMore ? change : known), reasons };
}

function describeOperation(operation: Operation): PlannedChange[] {
  const verb = verbOf(operation);
  if (verb === null || isStepOfCreation(operation)) return [];
  const [kind, name] = splitResource(operation.resource);
  if (operation.kind === "create-containers") {
    return operation.services.map((service) => ({
      verb,
      kind: "service",
      name: `${operation.project}/${service}`,
      reasons: operation.causes.filter((cause) => cause.service === service).map(({ text }) => text),
    }));
  }
  const reasons = [...operation.causes.map(({ text }) => text), ...waysOf(operation)];
  return [{ verb, kind, name: kind === "image" ? shownImage(name) : name, reasons }];
}

/** A row has no place for all digits of a digest. The exact form has them, and the JSON. */
function shownImage(reference: string): string {
  const at = reference.indexOf("@");
  return at === -1 ? reference : `${reference.slice(0, at)}@${shortDigest(reference.slice(at + 1))}`;
}

/** What was made just now is started, too. */
function isStepOfCreation({ kind, causes }: Operation): boolean {
  return kind === "start-service" && causes.every((cause) => cause.kind === "follows");
}

function isNewFolder(operation: Operation): operation is KeepFolder {
  return operation.kind === "keep-folder" && operation.isNew === true;
}

function waysOf(operation: Operation): string[] {
  if (isNewFolder(operation) && Object.keys(operation.place).length === 0) return ["begins empty"];
  if (operation.kind === "signal-container") return [`signal ${operation.signal}`];
  return operation.kind === "exec-in-container" ? [`run ${operation.command.join(" ")}`] : [];
}

function splitResource(resource: string): [string, string] {
  const at = resource.indexOf(":");
  return [resource.slice(0, at), resource.slice(at + 1)];
}
