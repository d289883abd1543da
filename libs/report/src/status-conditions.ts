import {
  type Condition,
  type InstanceStatus,
  type Plan,
  type Status,
  type StatusError,
  type Suspension,
  codeOf,
  redact,
} from "@keelson/model";

import { healthCodes } from "./health-error.ts";
import { withHeld } from "./held-instance.ts";
import { failedRunCode } from "./job-status.ts";
import { makeCondition } from "./made-condition.ts";
import { formatOperation, verbOf } from "./operation-text.ts";
import { buildPlanConditions } from "./plan-conditions.ts";
import type { StatusInput } from "./status-input.ts";
import { formatSuspension } from "./suspension-text.ts";

/** The reason of Reconciling in the status of a round that is at work. */
const atWork = "AtWork";

/** Since when it holds is added by who knows the report before. */
type Unsince<T> = Omit<T, "since">;

/** What a person or a monitor asks first, each answered from evidence or `unknown`. */
export function buildConditions(
  input: StatusInput,
  {
    instances,
    errors,
    suspended,
  }: {
    instances: readonly InstanceStatus[];
    errors: readonly Unsince<StatusError>[];
    suspended: Suspension | undefined;
  },
): Unsince<Condition>[] {
  const isKnown = input.observed !== null && input.desired !== null;
  const isInSync = isKnown && input.remaining !== null && instances.every(({ sync }) => sync === "in-sync");
  const isHealthy = instances.every(({ health }) => health === "healthy");
  const left = input.remaining ?? input.plan;
  const open = left?.operations.length ?? 0;
  // Also of what is not desired any more, and of which no instance tells.
  const isDone = open === 0 && input.results.every(({ outcome }) => outcome === "done");
  const isReady = suspended === undefined && isInSync && isDone && isHealthy && errors.length === 0;
  const stalled = errors.find(({ outcome }) => outcome === "stalled");
  const chosen = stalled ?? errors.find(({ code }) => !isFollowing(code)) ?? errors[0];
  // A run that is over does not stand for what is still to be done.
  const first = chosen?.code === failedRunCode && isKnown && !isDone ? undefined : chosen;
  // A round can only look on while a service is not well: a change of its health begins one.
  const isRetried =
    suspended === undefined &&
    (errors.some((each) => each.outcome !== "stalled" && !isOnlySeen(each) && !isFollowing(each.code)) ||
      !isDone);
  return [
    suspended === undefined
      ? makeCondition("Ready", isKnown || errors.length > 0 ? isReady : null, {
          reason: isReady ? "Applied" : (first?.code ?? (isInSync && isDone ? "Unhealthy" : "OutOfSync")),
          message: isReady
            ? readyMessage(instances.filter(({ state }) => state !== "removed").length)
            : withHeld(
                first?.message ?? (isInSync && isDone ? healthMessage(instances) : leftMessage(left)),
                errors,
              ),
        })
      : makeCondition("Ready", false, { reason: "Suspended", message: formatSuspension(suspended) }),
    sourceCondition(input),
    makeCondition("Reconciling", isKnown || errors.length > 0 ? !isReady && isRetried : null, {
      reason: !isReady && isRetried ? "Retrying" : suspended === undefined ? "Idle" : "Suspended",
      message: !isReady && isRetried ? retryingMessage(instances) : "nothing is left to retry",
    }),
    makeCondition("Stalled", stalled !== undefined, {
      reason: stalled?.code ?? "None",
      message: stalled?.message ?? "nothing waits for a person",
    }),
    makeCondition("Healthy", isKnown ? isHealthy : null, {
      reason: isKnown ? (isHealthy ? "AllHealthy" : "Unhealthy") : "Unknown",
      message: isKnown ? healthMessage(instances) : "the node could not be observed",
    }),
    ...buildPlanConditions(left, input.staging),
  ];
}

/** The conditions of a round that is at work: what it will come to is not known yet. */
export function withWork(conditions: readonly Condition[]): Condition[] {
  return conditions.map((condition) =>
    condition.type === "Reconciling"
      ? { ...condition, status: "true", reason: atWork, message: "a round is changing the node" }
      : condition,
  );
}

/** Whether a status was made while its round was at work: its errors can be of what was before. */
export function isAtWork({ conditions }: Pick<Status, "conditions">): boolean {
  return conditions.some(({ type, reason }) => type === "Reconciling" && reason === atWork);
}

/** What only waits for something that is blocked itself: it follows by itself, and is told after its cause. */
export function isFollowing(code: string): boolean {
  return code === "K3023" || code === "K3050";
}

/** What a round can only look on at; the next run of a job comes by its schedule. */
function isOnlySeen({ code, outcome }: Pick<StatusError, "code" | "outcome">): boolean {
  return healthCodes.has(code) || code === failedRunCode || (code === "K3037" && outcome === "waiting");
}

/** Whether the sources could be read, and show what may be followed. */
function sourceCondition({ target, shown }: StatusInput): Unsince<Condition> {
  const reason = target?.because.find((each) => "error" in each);
  if (reason !== undefined) {
    return makeCondition("SourceReady", false, {
      reason: codeOf(reason.error),
      message: redact(reason.error.message),
    });
  }
  if (target === null && shown === null) {
    return makeCondition("SourceReady", null, { reason: "Unknown", message: "the source was not asked" });
  }
  return makeCondition("SourceReady", true, {
    reason: "Read",
    message: "the revision was read from the source",
  });
}

function readyMessage(count: number): string {
  return count === 1 ? "1 instance is as desired" : `${count} instances are as desired`;
}

const shownOperations = 3;

/** What a round without an error leaves: what it came to know of only when it was done. */
function leftMessage(left: Plan | null): string {
  const open = (left?.operations ?? [])
    .filter((operation) => verbOf(operation) !== null)
    .map(formatOperation);
  const names = [...new Set(open)];
  if (names.length === 0) return "not everything is as desired";
  const rest = names.length > shownOperations ? [`${names.length - shownOperations} more`] : [];
  return `the next round has this to do: ${[...names.slice(0, shownOperations), ...rest].join(", ")}`;
}

function retryingMessage(instances: readonly InstanceStatus[]): string {
  const open = instances.filter(({ sync, health }) => sync !== "in-sync" || health !== "healthy").length;
  // What is left may be of no instance, such as a removal, or an error of the whole node.
  if (open === 0) return "retrying: not everything is as desired";
  return `retrying: ${open === 1 ? "1 instance is" : `${open} instances are`} not as desired`;
}

function healthMessage(instances: readonly InstanceStatus[]): string {
  const bad = instances
    .filter(({ health }) => health !== "healthy")
    .map(({ name, health }) => `${name} is ${health}`);
  return bad.length === 0 ? "every service is healthy" : bad.join(", ");
}
