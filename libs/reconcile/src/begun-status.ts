import type { Condition, Status } from "@keelson/model";
import { buildStatus, fitStatus } from "@keelson/report";

import type { NodePorts } from "./ports.ts";
import { type StatusOptions, type RoundOutcome, publish, settle } from "./round-status.ts";

/** Most work is done sooner, and then only its end is told elsewhere. */
const publishAfterMs = 20_000;

export interface BegunStatus {
  /** What the node said before, by which the round's own report tells since when something holds. */
  before: Status | null;
  /** Returns when nothing of it is told any more: what follows is the round's own report. */
  end: () => Promise<void>;
}

/** Of a round that has nothing to do. */
export const nothingBegun: BegunStatus = { before: null, end: async () => {} };

/**
 * Tells that there is work: what the report before says is no longer true, and an upgrade can take as long as a trial.
 * In the node's own folder at once, and elsewhere when it takes long. What cannot be told is told by the report of the
 * round: a disk that takes nothing, a server that is away.
 */
export async function reportBegun(
  node: NodePorts,
  { outcome, options }: { outcome: RoundOutcome; options: StatusOptions },
): Promise<BegunStatus> {
  const { report } = node;
  const { value: before } = await settle(async () => node.readStatus(), null);
  const heartbeatSeconds = Math.round((report?.heartbeatMs ?? 0) / 1000);
  const built = buildStatus({ ...options, ...outcome, last: before, heartbeatSeconds });
  const status = {
    ...built,
    conditions: built.conditions.map((condition) => stillUnready(before, condition)),
    errors: [...errorsAtWork(before, outcome), ...built.errors],
  };
  const reported = before?.conditions.filter(({ type }) => type === "Reported") ?? [];
  await settle(
    async () => node.writeStatus({ ...status, conditions: [...status.conditions, ...reported] }),
    undefined,
  );
  let publishing: Promise<unknown> = Promise.resolve();
  const tellElsewhere = async () => {
    if (report === null) return;
    const published = await report.readPublished();
    await publish(fitStatus(status), { report, published, node });
  };
  const timer = setTimeout(() => {
    publishing = settle(tellElsewhere, undefined);
  }, publishAfterMs);
  return {
    before,
    end: async () => {
      clearTimeout(timer);
      await publishing;
    },
  };
}

/** Why it was not ready before holds until a round has shown that it does not. */
function stillUnready(before: Status | null, condition: Condition): Condition {
  const told = before?.conditions.find(({ type }) => type === condition.type);
  return condition.type === "Ready" && told?.status === "false" ? told : condition;
}

/** A round that crashed or was killed is made up for by one that ends. */
const lostCodes: ReadonlySet<string> = new Set(["K9046", "K9047"]);

/** What failed before and is tried again now has not gone by that. */
function errorsAtWork(before: Status | null, { plan }: RoundOutcome): Status["errors"] {
  const blocked = new Set((plan?.blocked ?? []).map(({ resource }) => resource));
  const tried = new Set((plan?.operations ?? []).map(({ resource }) => resource));
  return (before?.errors ?? []).filter(
    ({ code, resource }) => lostCodes.has(code) || (tried.has(resource) && !blocked.has(resource)),
  );
}
