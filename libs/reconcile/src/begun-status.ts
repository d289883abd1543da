import type { Condition, Status, StatusError } from "@keelson/model";
import { buildStatus, fitStatus } from "@keelson/report";

import type { NodePorts } from "./ports.ts";
import { type StatusOptions, type RoundOutcome, publish, settle } from "./round-status.ts";

/** Most work ends sooner, and then only its end is published. */
const publishAfterMs = 20_000;

export interface BegunStatus {
  /** The status before this round: the round's last status takes from it since when a condition holds. */
  before: Status | null;
  /** Returns when nothing of it is written or published any more. What follows is the round's last status. */
  end: () => Promise<void>;
}

/** For a round that has nothing to do. */
export const nothingBegun: BegunStatus = { before: null, end: async () => {} };

/**
 * Says in a status that the round has work: the status before it is no longer true, and an upgrade can take as long as
 * a trial. The status is written to the state folder at once, and published when the work takes long. A full disk or a
 * server that is away is no error here: the round's last status meets it again.
 */
export async function reportBegun(
  node: NodePorts,
  { outcome, options }: { outcome: RoundOutcome; options: StatusOptions },
): Promise<BegunStatus> {
  const { statusPort } = node;
  const { value: before } = await settle(async () => node.readStatus(), null);
  const heartbeatSeconds = Math.round((statusPort?.heartbeatMs ?? 0) / 1000);
  const built = buildStatus({ ...options, ...outcome, last: before, heartbeatSeconds });
  const status = {
    ...built,
    conditions: built.conditions.map((condition) => stillUnready(before, condition)),
    errors: [...errorsAtWork(before, outcome), ...built.errors].filter(isFirstOf),
  };
  const reported = before?.conditions.filter(({ type }) => type === "Reported") ?? [];
  await settle(
    async () => node.writeStatus({ ...status, conditions: [...status.conditions, ...reported] }),
    undefined,
  );
  let publishing: Promise<unknown> = Promise.resolve();
  const publishBegun = async () => {
    if (statusPort === null) return;
    const published = await statusPort.readPublished();
    await publish(fitStatus(status), { statusPort, published, node });
  };
  const timer = setTimeout(() => {
    publishing = settle(publishBegun, undefined);
  }, publishAfterMs);
  return {
    before,
    end: async () => {
      clearTimeout(timer);
      await publishing;
    },
  };
}

/** A node that was not ready stays so, for the same reason, until a round has shown otherwise. */
function stillUnready(before: Status | null, condition: Condition): Condition {
  const told = before?.conditions.find(({ type }) => type === condition.type);
  return condition.type === "Ready" && told?.status === "false" ? told : condition;
}

function isFirstOf({ code, resource }: StatusError, index: number, all: readonly StatusError[]): boolean {
  return all.findIndex((other) => other.code === code && other.resource === resource) === index;
}

/** Rounds that crashed or were killed: the next round that ends clears these errors. */
const lostCodes: ReadonlySet<string> = new Set(["K9046", "K9047"]);

/** An error of an operation that is only being tried again is not over yet. */
function errorsAtWork(before: Status | null, { plan }: RoundOutcome): Status["errors"] {
  const blocked = new Set((plan?.blocked ?? []).map(({ resource }) => resource));
  const tried = new Set((plan?.operations ?? []).map(({ resource }) => resource));
  return (before?.errors ?? []).filter(
    ({ code, resource }) => lostCodes.has(code) || (tried.has(resource) && !blocked.has(resource)),
  );
}
