import {
  type ComposeModel,
  type ComposeService,
  type DesiredService,
  type Problem,
  type RenderedInstance,
  type Repository,
  ownOf,
} from "@keelson/model";
import { compareText, parseDurationMs } from "@keelson/model";

import { findSharedServices } from "./shared-service.ts";
import { composeProblem, packageProblem } from "./place-of-problem.ts";

interface JobContext {
  instance: RenderedInstance;
  model: ComposeModel;
}

/**
 * Whether a service is a job. The package's own word wins. Else it is one when another service waits for its completion,
 * or when Compose would not start it again after an exit with 0 and nothing shows that somebody needs it to run.
 */
export function findJob(
  [name, service]: [string, ComposeService],
  { instance, model }: JobContext,
): Pick<DesiredService, "oneShot" | "endAwaited" | "schedule"> {
  const conditions = conditionsOn(name, model);
  const endAwaited = conditions.includes("service_completed_successfully");
  const role = ownOf(instance.services, name);
  if (typeof role === "object") {
    const { schedule: cron, timeZone, timeout } = role;
    const schedule = { cron, timeZone, timeoutMs: parseDurationMs(timeout) };
    return { oneShot: true, endAwaited: false, schedule };
  }
  if (role !== undefined) return { oneShot: role === "job", endAwaited: role === "job" && endAwaited };
  const isNeeded =
    hasHealthcheck(service) || (service.ports ?? []).length > 0 || conditions.includes("service_healthy");
  return { oneShot: endAwaited || (!isNeeded && !isAlwaysRestarted(service)), endAwaited };
}

export function hasHealthcheck(service: ComposeService): boolean {
  const test = service.healthcheck?.test;
  return test !== undefined && test[0] !== "NONE" && service.healthcheck?.disable !== true;
}

/** Whether the engine starts it again after any exit. Like Compose, `deploy` comes before `restart`; the default is "no". */
function isAlwaysRestarted({ restart, deploy }: ComposeService): boolean {
  const policy = deploy?.restart_policy;
  const word = policy === undefined || policy === null ? restart : policy.condition;
  return word === "always" || word === "unless-stopped" || word === "any";
}

function conditionsOn(name: string, model: ComposeModel) {
  return Object.values(model.services).flatMap((other) => ownOf(other.depends_on, name)?.condition ?? []);
}

interface FaultContext extends JobContext {
  repository: Repository | undefined;
}

/** What package.yaml says of services, and the Compose file contradicts. */
export function findJobFaults(context: FaultContext): Problem[] {
  return Object.entries(context.instance.services).flatMap(([name, role]) => {
    const service = ownOf(context.model.services, name);
    if (service === undefined) return [unknownService(name, context)];
    if (role === "server" && conditionsOn(name, context.model).includes("service_completed_successfully"))
      return [awaitedServer(name, context)];
    if (role === "server") return [];
    return [
      ...(isAlwaysRestarted(service) ? [endlessJob(name, context)] : []),
      ...(typeof role === "object" && isNeeded(name, context.model) ? [neededJob(name, context)] : []),
    ];
  });
}

/** Whether another service waits for it, or lives in its namespaces or volumes. */
function isNeeded(name: string, { services }: ComposeModel): boolean {
  return Object.values(services).some(
    (other) => ownOf(other.depends_on, name) !== undefined || findSharedServices(other).includes(name),
  );
}

function unknownService(name: string, context: FaultContext): Problem {
  const known = Object.keys(context.model.services).sort(compareText);
  return packageProblem(context, {
    code: "K1432",
    path: ["services", name],
    part: "key",
    message: `services names \`${name}\`, which ${context.instance.compose.composeFiles[0]} does not have`,
    hint: `Services there: ${known.join(", ") || "none"}.`,
  });
}

function awaitedServer(name: string, context: FaultContext): Problem {
  return packageProblem(context, {
    code: "K1433",
    path: ["services", name],
    part: "value",
    message: `\`${name}\` is a server here, and another service waits until it has ended`,
    hint: "Make it a job, or let the other one wait for service_started or service_healthy.",
  });
}

function neededJob(name: string, context: FaultContext): Problem {
  return packageProblem(context, {
    code: "K1441",
    path: ["services", name],
    part: "key",
    message: `\`${name}\` runs by a schedule, and another service needs it`,
    hint: "Let no other service depend on it, or leave out the schedule.",
  });
}

function endlessJob(name: string, { instance }: FaultContext): Problem {
  return composeProblem(instance, {
    code: "K1434",
    path: ["services", name, "restart"],
    message: `\`${name}\` is a job by package.yaml, and the engine starts it again whenever it has ended`,
    hint: 'Leave `restart` out, or write "no" or on-failure; or make it a server.',
  });
}
