import type { Cause, Operation, Plan } from "@keelson/model";

/** The plan as text, a line per operation: the form that tests compare and `--verbose` prints. */
export function formatPlan(plan: Plan): string {
  const lines = [
    ...plan.operations.map(formatOperation),
    ...plan.blocked.map((each) => `! ${each.resource} [${each.code}] ${each.message}`),
    ...plan.notices.map((each) => `? ${each.resource} [${each.code}] ${each.message}`),
  ];
  return lines.length === 0 ? "nothing to do\n" : `${lines.join("\n")}\n`;
}

function formatOperation(operation: Operation): string {
  const after = operation.after.length === 0 ? "" : ` after ${operation.after.join(" ")}`;
  return `${operation.id} ${operation.kind} ${subject(operation)} [${operation.class}]${after}: ${causeText(operation.causes)}`;
}

function causeText(causes: readonly Cause[]): string {
  return [...Map.groupBy(causes, ({ service }) => service)]
    .map(([service, own]) => {
      const text = own.map((cause) => cause.text).join("; ");
      return service === null ? text : `${service}: ${text}`;
    })
    .join("; ");
}

function subject(operation: Operation): string {
  switch (operation.kind) {
    case "signal-container":
      return `${operation.resource} ${operation.signal}`;
    case "exec-in-container":
      return `${operation.resource} ${JSON.stringify(operation.command)}`;
    case "remove-container":
    case "stop-container":
      return `${operation.resource} (${operation.containerName})`;
    case "connect-container":
      return `${operation.resource} (${operation.containerName}) to ${operation.network}`;
    case "rename-container":
      return `${operation.resource} to ${operation.name}`;
    case "create-containers":
      return `${operation.resource}${operation.force ? " (forced)" : ""}`;
    case "remove-files":
      return `${operation.resource}{${operation.paths.join(",")}}`;
    default:
      return operation.resource;
  }
}
