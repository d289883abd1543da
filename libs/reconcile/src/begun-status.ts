import type { Condition, ObservedNode, Status, StatusError } from "@keelson/model";
import { buildStatus, failedRunCode, fitStatus, withWork } from "@keelson/report";

import { openAlarm } from "./alarm.ts";
import { dueMs, publish } from "./due-status.ts";
import { settle } from "./error-of.ts";
import type { NodePorts } from "./ports.ts";
import type { RoundOutcome, StatusOptions } from "./round-outcome.ts";

/** Most work ends sooner, and then only its end is published. */
const publishAfterMs = 3_000;

/** Operations come in bursts, and each look asks the engine for everything. */
const betweenLooksMs = 1_000;

/** A wait for one service is long, and meanwhile others change by themselves. */
const longestUnseenMs = 10_000;

export interface BegunStatus {
  /** The status before this round: the round's last status takes from it since when a condition holds. */
  before: Status | null;
  /** Something was made, started or removed: what was observed before is no longer true. */
  noteChange: () => void;
  /** Returns when nothing of it is written or published any more. What follows is the round's last status. */
  end: () => Promise<void>;
}

/** For a round that has nothing to do. */
export const nothingBegun: BegunStatus = { before: null, noteChange: () => {}, end: async () => {} };

interface BegunInput {
  outcome: RoundOutcome;
  options: StatusOptions;
  observe: () => Promise<ObservedNode>;
}

/**
 * Says in a status that the round has work: the status before it is no longer true, and an upgrade can take as long as
 * a trial. The status is written to the state folder at once, and again with what is seen after a change and now and then; it is published
 * once, when the work takes long. A full disk, or a server or an engine that is away, is no error here: the round's last
 * status meets it again.
 */
export async function reportBegun(
  node: NodePorts,
  { outcome, options, observe }: BegunInput,
): Promise<BegunStatus> {
  const { statusPort } = node;
  const { value: before } = await settle(async () => node.readStatus(), null);
  const heartbeatSeconds = Math.round((statusPort?.heartbeatMs ?? 0) / 1000);
  const reported = before?.conditions.filter(({ type }) => type === "Reported") ?? [];
  const describe = (now: RoundOutcome): Status => {
    const kept = now.keptWait?.errors ?? [];
    const built = buildStatus({ ...options, ...now, kept, last: before, heartbeatSeconds });
    return {
      ...built,
      conditions: withWork(built.conditions).map((condition) => stillUnready(before, condition)),
      errors: [...errorsAtWork(before, now), ...built.errors].filter(isFirstOf),
    };
  };
  let status = describe(outcome);
  const write = async () =>
    settle(
      async () => node.writeStatus({ ...status, conditions: [...status.conditions, ...reported] }),
      undefined,
    );
  await write();
  const lookOnce = async () => {
    const { value: observed } = await settle<ObservedNode | null>(observe, null);
    if (observed === null) return;
    status = describe({ ...outcome, observed, finishedAt: node.now() });
    await write();
  };
  let looked = Promise.resolve();
  // One after the other, so that no older look is written over a newer one.
  const look = async () => (looked = looked.then(lookOnce));
  const changes = openAlarm();
  const looking = (async () => {
    while (await changes.untilRing(longestUnseenMs)) {
      await changes.rest(betweenLooksMs);
      if (!changes.isOver()) await look();
    }
  })();
  let publishing: Promise<unknown> = Promise.resolve();
  const publishBegun = async () => {
    if (statusPort === null) return;
    await look();
    const published = await statusPort.readPublished();
    const small = fitStatus(status);
    // What calls a node ready that is being changed is put right at once, however young it is.
    const isUrgent = published !== null && saysReady(published);
    if (isUrgent || dueMs(small, { statusPort, published, node }) <= 0) {
      await publish(small, { statusPort, published });
    }
  };
  const timer = setTimeout(() => {
    publishing = settle(publishBegun, undefined);
  }, publishAfterMs);
  return {
    before,
    noteChange: changes.ring,
    end: async () => {
      clearTimeout(timer);
      changes.end();
      await Promise.all([looking, publishing]);
    },
  };
}

function saysReady({ conditions }: Status): boolean {
  return conditions.some(({ type, status }) => type === "Ready" && status === "true");
}

/**
 * A node that was not ready stays so, for the same reason, until a round has shown otherwise. A run of a job that failed is
 * no such reason: the round does other work.
 */
function stillUnready(before: Status | null, condition: Condition): Condition {
  const told = before?.conditions.find(({ type }) => type === condition.type);
  const isKept = condition.type === "Ready" && told?.status === "false" && told.reason !== failedRunCode;
  return isKept ? told : condition;
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
    ({ code, resource }) =>
      code !== failedRunCode && (lostCodes.has(code) || (tried.has(resource) && !blocked.has(resource))),
  );
}
