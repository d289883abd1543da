import type { Condition, Status } from "@keelson/model";

import { withWork } from "./status-conditions.ts";
import { madeStatus } from "./status-fixture.ts";

/** What a test says of a status. */
export interface MadeStatus {
  /** `lab/n1` unless told. */
  place?: string;
  seq?: number;
  observedAt?: string;
  heartbeatSeconds?: number;
  applied?: string;
  /** What is applied, unless told. */
  observed?: string;
  isReconciling?: boolean;
  /** It is of a round that is at work. */
  isAtWork?: boolean;
  /** Messages of errors that are tried again, and of those that wait for a person. */
  transient?: readonly string[];
  stalled?: readonly string[];
  /** Codes of changes that are blocked. */
  blocked?: readonly string[];
  retry?: Status["retry"];
}

/** The status that a node of a fleet would have written: ready, unless something is said against it. */
export function makeStatus(made: MadeStatus = {}): Status {
  const { place = "lab/n1", applied = "a".repeat(40), isReconciling = false } = made;
  const { transient = [], stalled = [], blocked = [], seq = 1, heartbeatSeconds = 3600 } = made;
  const [environment = "", name = ""] = place.split("/");
  const observedAt = made.observedAt ?? "2026-11-05T12:00:00.000Z";
  const error =
    (outcome: "stalled" | "transient" | "waiting", code = "K2001") =>
    (message: string) => ({ code, resource: "", message, hint: "Do it.", outcome, since: observedAt });
  const errors = [
    ...stalled.map(error("stalled")),
    ...transient.map(error("transient")),
    ...blocked.map((code) => error("waiting", code)("it is blocked")),
  ];
  const condition = (type: Condition["type"], holds: boolean): Condition => {
    const status = holds ? "true" : "false";
    return { type, status, reason: "Made", message: `${type} is ${holds}`, since: observedAt };
  };
  const conditions = [
    condition("Ready", errors.length === 0 && !isReconciling),
    condition("Reconciling", isReconciling),
    condition("Stalled", stalled.length > 0),
  ];
  const url = "https://git.example/state.git";
  return madeStatus({
    seq,
    node: { environment, name },
    observedAt,
    heartbeatSeconds,
    source: { url, branch: "main", observed: made.observed ?? applied, attempted: applied, applied },
    conditions: made.isAtWork === true ? withWork(conditions) : conditions,
    errors,
    retry: made.retry ?? null,
  });
}
