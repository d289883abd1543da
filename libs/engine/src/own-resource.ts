import { KeelsonError, composeLabels, labels, stalled } from "@keelson/model";

import type { EngineContext } from "./context.ts";

export interface OwnResource {
  /** Null for what is the environment's. */
  instance: string | null;
  project: string | null;
  digest: string;
  /** What the owner label is made of. */
  resourceId: string;
}

/** Labels by which a network or volume that the engine makes is known as this node's. */
export function ownLabels(
  { environment, ownerOf }: EngineContext,
  { instance, project, digest, resourceId }: OwnResource,
): Record<string, string> {
  return {
    ...(project === null ? {} : { [composeLabels.project]: project }),
    [labels.environment]: environment,
    ...(instance === null ? {} : { [labels.instance]: instance }),
    [labels.digest]: digest,
    [labels.owner]: ownerOf(resourceId),
  };
}

/** K3007: a foreign container, network or volume has a name that is needed. */
export function nameTaken(input: { message: string; hint: string; cause?: unknown }): KeelsonError {
  return new KeelsonError({ code: "K3007", outcome: stalled, ...input });
}
