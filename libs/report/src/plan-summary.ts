import { type ChangeClass, type Operation, type Plan, changeClasses, projectOf } from "@keelson/model";

/** One thing that changes, as a person would say it. */
export interface PlannedChange {
  verb:
    | "create"
    | "start"
    | "reload"
    | "restart"
    | "recreate"
    | "stop"
    | "remove"
    | "rename"
    | "place"
    | "pull";
  /** Without its kind: `lab-core/nginx`. */
  name: string;
  kind: string;
  causes: string[];
  class: ChangeClass;
}

/**
 * A plan folded to one entry per thing: what is merely a step of a change (starting, waiting, noting, placing the files
 * of a service that changes anyway) does not stand alone.
 */
export function summarizePlan(plan: Plan): PlannedChange[] {
  const changes = new Map<string, PlannedChange>();
  for (const operation of plan.operations) {
    for (const change of describeOperation(operation)) {
      const key = `${change.kind} ${change.name}`;
      const known = changes.get(key);
      if (known === undefined) changes.set(key, change);
      else mergeChange(known, change);
    }
  }
  const isStep = (operation: Operation) =>
    operation.kind === "place-files" &&
    operation.mount.services.some((service) =>
      changes.has(`service ${projectOf(plan.environment, operation.instance)}/${service}`),
    );
  for (const operation of plan.operations) {
    if (isStep(operation)) changes.delete(operation.resource.replace(":", " "));
  }
  return [...changes.values()];
}

function mergeChange(known: PlannedChange, change: PlannedChange): void {
  if (change.verb === "start" && known.verb !== "start") return;
  if (changeClasses.indexOf(change.class) > changeClasses.indexOf(known.class)) {
    known.class = change.class;
    known.verb = change.verb;
  }
  for (const cause of change.causes) if (!known.causes.includes(cause)) known.causes.push(cause);
}

function describeOperation(operation: Operation): PlannedChange[] {
  const [kind, name] = splitResource(operation.resource);
  const base = { kind, name, causes: [...operation.causes], class: operation.class };
  switch (operation.kind) {
    case "create-containers":
      return operation.services.map((service) => {
        const own = operation.causes.find((cause) => cause.startsWith(`${service}: `)) ?? "";
        const verb = operation.class === "recreate" ? "recreate" : "create";
        return {
          ...base,
          kind: "service",
          verb,
          name: `${operation.project}/${service}`,
          causes: own.slice(service.length + 2).split("; "),
        };
      });
    case "start-service":
      return [{ ...base, verb: "start" }];
    case "restart-container":
      return [{ ...base, verb: "restart" }];
    case "signal-container":
      return [{ ...base, verb: "reload", causes: [...base.causes, `signal ${operation.signal}`] }];
    case "exec-in-container":
      return [{ ...base, verb: "reload", causes: [...base.causes, `run ${operation.command.join(" ")}`] }];
    case "remove-container":
    case "remove-network":
    case "remove-files":
      return [{ ...base, verb: "remove" }];
    case "stop-container":
      return [{ ...base, verb: "stop" }];
    case "rename-container":
      return [{ ...base, verb: "rename" }];
    case "create-network":
    case "create-volume":
      return [{ ...base, verb: "create" }];
    case "pull-image":
      return [{ ...base, verb: "pull" }];
    case "place-files":
      return [{ ...base, verb: "place" }];
    default:
      return []; // waiting and noting are steps of a change
  }
}

function splitResource(resource: string): [string, string] {
  const at = resource.indexOf(":");
  return [resource.slice(0, at), resource.slice(at + 1)];
}
