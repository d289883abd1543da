import type { Status } from "@keelson/model";
import type { NodeReference } from "@keelson/render";
import { buildStatus, saysNothingNew } from "@keelson/report";

import type { DesiredPorts, Ports, ReadPorts } from "./ports.ts";
import { newStepTimer } from "./step.ts";
import { type Walk, newWalk, walkPath } from "./walk-path.ts";

export interface RoundOptions {
  reference: NodeReference;
  /** For the status: where the revision came from. */
  source: { url: string; branch: string };
  agentVersion: string;
  signal: AbortSignal;
}

export interface Round extends Walk {
  /** What Git, the engine or the store could not answer; null when the walk came to its end. */
  error: unknown;
  status: Status;
}

/** One round: brings the node to the commit and reports. What users or the outside world did wrong is in the result. */
export async function reconcileOnce(ports: Ports, options: RoundOptions): Promise<Round> {
  const { reference, signal } = options;
  const startedAt = ports.now();
  const walk = newWalk();
  let error: unknown = null;
  try {
    await walkPath(walk, { reference, ports, until: "applied", signal });
  } catch (thrown) {
    error = thrown;
  }
  const { applied } = ports.record.readState();
  const status = buildStatus({ ...options, ...walk, error, applied, startedAt, finishedAt: ports.now() });
  await newStepTimer(ports.emit)("report", async () => {
    if (!saysNothingNew(status, await ports.readStatus())) await ports.publishStatus(status);
  });
  return { ...walk, error, status };
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
