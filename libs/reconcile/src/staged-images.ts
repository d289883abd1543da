import { type Operation, type OperationOf, imageReference } from "@keelson/model";
import { planChanges } from "@keelson/plan";

import { settle } from "./error-of.ts";
import { newLimit } from "./parallel-limit.ts";
import type { Ports } from "./ports.ts";
import { type Walk, policyOf } from "./walk-path.ts";

/** An image that instances of a release use on this node. */
export interface StagedImage {
  /** As the Compose file writes it, with the digest that it is locked to. */
  image: string;
  result: "present" | "pulled" | "failed";
  /** Why it could not be pulled; null otherwise. */
  error: unknown;
}

/** As many as a round does at a time. */
const parallelPulls = 4;

/**
 * Pulls what the instances of a release would use and the engine does not have, a few at a time, as a round would; one that fails
 * leaves the others. Null where the walk has not observed the node.
 */
export async function stageImages(
  walk: Pick<Walk, "desired" | "observed" | "repository" | "rendered">,
  {
    release,
    environment,
    ports,
    signal,
  }: {
    release: string;
    environment: string;
    ports: Pick<Ports, "operations" | "record" | "emit" | "waits" | "allow">;
    signal: AbortSignal;
  },
): Promise<StagedImage[] | null> {
  const { desired, observed } = walk;
  if (desired === null || observed === null) return null;
  const isOfRelease = ({ reference }: { reference: string }) => reference.startsWith(`${release}/`);
  // A staged instance is planned to have all its images, whatever runs or is in the way.
  const instances = desired.instances.map((instance) =>
    isOfRelease(instance.package) ? { ...instance, state: "staged" as const } : instance,
  );
  const used = new Set(
    instances.flatMap((each) => (isOfRelease(each.package) ? each.services.map(imageReference) : [])),
  );
  const { waits, allow } = ports;
  const { operations } = planChanges({
    desired: { ...desired, instances },
    observed,
    record: ports.record.readState(),
    policy: policyOf(walk, { environment, waits, allow }),
  });
  const pulls = operations.filter(isPull).filter(({ image }) => used.has(image));
  const missing = new Set(pulls.map(({ image }) => image));
  const limit = newLimit(parallelPulls);
  const pulled = await Promise.all(
    pulls.map(async (operation) => limit(async () => pull(operation, { ports, signal }))),
  );
  const present = [...used].filter((image) => !missing.has(image));
  return [
    ...present.map((image): StagedImage => ({ image, result: "present", error: null })),
    ...pulled,
  ].sort((a, b) => (a.image < b.image ? -1 : 1));
}

function isPull(operation: Operation): operation is OperationOf<"pull-image"> {
  return operation.kind === "pull-image";
}

async function pull(
  operation: OperationOf<"pull-image">,
  { ports, signal }: { ports: Pick<Ports, "operations" | "emit">; signal: AbortSignal },
): Promise<StagedImage> {
  const { emit } = ports;
  const { image } = operation;
  if (signal.aborted) return { image, result: "failed", error: signal.reason };
  const startedAt = performance.now();
  emit({ type: "operation-started", operation });
  const { error } = await settle(
    async () =>
      ports.operations["pull-image"](operation, {
        instance: null,
        signal,
        progress: (message, share) =>
          emit({ type: "operation-progressed", operationId: operation.id, message, ...share }),
      }),
    undefined,
  );
  const elapsedMs = performance.now() - startedAt;
  if (error === null) emit({ type: "operation-finished", operation, elapsedMs });
  else emit({ type: "operation-failed", operation, error, elapsedMs });
  return { image, result: error === null ? "pulled" : "failed", error };
}
