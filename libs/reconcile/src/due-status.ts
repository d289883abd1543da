import { type KeelsonError, type Status, canonicalText } from "@keelson/model";
import {
  addPassedOver,
  fitStatus,
  formatStatusHeading,
  formatStatusMarkdown,
  untilPublishMs,
} from "@keelson/report";

import type { NodePorts, StatusPort } from "./ports.ts";

interface Publishing {
  statusPort: StatusPort | null;
  published: Status | null;
  node: Pick<NodePorts, "now">;
}

interface Published {
  status: Status;
  /** The error that says what else was in its place. */
  passedOver: KeelsonError | null;
}

/** Publishes a status that `fitStatus` has made small enough, and returns it as published. */
export async function publish(
  status: Status,
  publishing: { statusPort: StatusPort; published: Status | null },
): Promise<Published> {
  const write = (before: Status | null, passedOver: KeelsonError | null) => {
    // A round that was killed after its push left a newer status there than this node knows.
    const last = Math.max(before?.seq ?? 0, publishing.published?.seq ?? 0);
    const told = passedOver === null ? status : fitStatus(addPassedOver(status, passedOver));
    const numbered = { ...told, seq: last + 1 };
    const published = { status: numbered, passedOver };
    return {
      published,
      json: canonicalText(numbered),
      heading: formatStatusHeading(numbered),
      markdown: formatStatusMarkdown(numbered),
    };
  };
  return (await publishing.statusPort.publishStatus({ commit: commitOf(status), write })).published;
}

/** Milliseconds until a status is to be published; Infinity where it never is. */
export function dueMs(status: Status, { statusPort, published, node }: Publishing): number {
  if (statusPort === null || commitOf(status) === "") return Infinity;
  return untilPublishMs(status, { published, heartbeatMs: statusPort.heartbeatMs, now: node.now() });
}

/** The commit that a status is about; empty when it names none. */
function commitOf({ source: { attempted, observed, applied } }: Status): string {
  return [attempted, observed, applied].find((commit) => commit !== "") ?? "";
}
