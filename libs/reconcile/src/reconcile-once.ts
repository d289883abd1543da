import type { RecordState, Status } from "@keelson/model";
import type { NodeReference } from "@keelson/render";
import { buildStatus, saysNothingNew } from "@keelson/report";

import type { DesiredPorts, NodePorts, ReadPorts } from "./ports.ts";
import { newStepTimer } from "./step.ts";
import { type Walk, newWalk, walkPath } from "./walk-path.ts";

export interface RoundOptions {
  reference: NodeReference;
  /** For the status: where the revision came from. */
  source: { url: string; branch: string };
  signal: AbortSignal;
}

export interface Round extends Walk {
  /** What Git, the engine, the store or the node's own files could not answer; null when the walk came to its end. */
  error: unknown;
  /** Why the report could not be published; null when it could. */
  publishError: unknown;
  status: Status;
}

/** One round: brings the node to the commit and reports. What users or the outside world did wrong is in the result. */
export async function reconcileOnce(node: NodePorts, options: RoundOptions): Promise<Round> {
  const { reference, signal } = options;
  const startedAt = node.now();
  const walk = newWalk();
  let applied: RecordState["applied"] = null;
  const error = await errorOf(async () => {
    const ports = await node.openPorts();
    const failure = await errorOf(async () => walkPath(walk, { reference, ports, until: "applied", signal }));
    ({ applied } = ports.record.readState());
    if (failure !== null) throw failure;
  });
  const input = { ...options, ...walk, error, applied, startedAt, finishedAt: node.now() };
  const status = buildStatus(input);
  const publishError = await errorOf(async () =>
    newStepTimer(node.emit)("report", async () => {
      if (!saysNothingNew(status, await node.readStatus())) await node.publishStatus(status);
    }),
  );
  const round = { ...walk, error, publishError };
  return { ...round, status: publishError === null ? status : buildStatus({ ...input, publishError }) };
}

/** The result of a round that could not even begin, because this node is not ours now. It is not published. */
export function describeUnbegun(error: unknown, options: RoundOptions & { at: Date }): Round {
  const round = { ...newWalk(), error, publishError: null };
  const times = { startedAt: options.at, finishedAt: options.at };
  return { ...round, status: buildStatus({ ...options, ...round, ...times, applied: null }) };
}

/** What a step throws; null when it throws nothing. */
async function errorOf(step: () => Promise<void>): Promise<unknown> {
  try {
    await step();
    return null;
  } catch (error) {
    return error;
  }
}

/** The path up to the plan: reads everything, changes nothing. Throws what cannot be read. */
export async function planOnce(ports: ReadPorts, reference: NodeReference): Promise<Walk> {
  const walk = newWalk();
  await walkPath(walk, { reference, ports, until: "plan" });
  return walk;
}

/** The path up to the desired state, which needs no engine: for CI and any node. Throws what cannot be read. */
export async function readDesired(ports: DesiredPorts, reference: NodeReference): Promise<Walk> {
  const walk = newWalk();
  await walkPath(walk, { reference, ports, until: "desired" });
  return walk;
}
