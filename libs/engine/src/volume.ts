import {
  type DesiredVolume,
  type KeelsonError,
  type OperationOf,
  composeLabels,
  labels,
  resourceIds,
} from "@keelson/model";
import type { VolumeInspectInfo } from "dockerode";

import type { EngineContext } from "./context.ts";
import { mapOf } from "./json-reader.ts";
import { inspectVolume } from "./observed-volume.ts";
import { askEngine, hasStatus } from "./request.ts";
import { engineVolume, findVolumeFlaw } from "./volume-definition.ts";
import { nameTaken, ownLabels } from "./own-resource.ts";

/**
 * Creates a volume with Compose's labels and ours. For an existing volume of the same name the engine answers as if it had
 * made it, so the result is compared: a volume without our owner label or with another definition is K3007, and nothing is
 * ever adopted silently.
 */
export async function createVolume(
  context: EngineContext,
  operation: OperationOf<"create-volume">,
): Promise<void> {
  const { engine, signal } = context;
  const { volume } = operation;
  const own = volumeLabels(context, operation);
  try {
    await askEngine(engine, {
      what: `create volume ${volume.name}`,
      signal,
      send: (abortSignal) =>
        engine.docker.createVolume({
          Name: volume.name,
          ...engineVolume(volume.definition),
          Labels: { ...mapOf(volume.definition["labels"]), ...own },
          abortSignal,
        }),
    });
  } catch (error) {
    // Another driver has a volume of this name.
    if (hasStatus(error, 409)) throw otherVolume(volume.name, error.cause);
    throw error;
  }
  requireOurs(await inspectVolume(engine, { name: volume.name, signal }), { volume, own });
}

function requireOurs(
  found: VolumeInspectInfo | null,
  { volume, own }: { volume: DesiredVolume; own: Record<string, string> },
): void {
  const cause = found === null ? "it is gone again" : differenceOf(found, { volume, own });
  if (cause !== "") throw otherVolume(volume.name, new Error(cause));
}

function differenceOf(
  found: VolumeInspectInfo,
  { volume, own }: { volume: DesiredVolume; own: Record<string, string> },
): string {
  const have = found.Labels ?? {};
  const differing = Object.keys(own).filter((label) => have[label] !== own[label]);
  if (differing.length > 0) return `its labels differ: ${differing.join(", ")}`;
  return findVolumeFlaw(found, volume.definition);
}

function volumeLabels(
  context: EngineContext,
  { volume, ...operation }: OperationOf<"create-volume">,
): Record<string, string> {
  const resourceId = resourceIds.volume(volume.name);
  return {
    ...ownLabels(context, { ...operation, digest: volume.digest, resourceId }),
    [composeLabels.volume]: volume.key,
    [labels.generation]: String(volume.generation),
    ...(volume.format === null ? {} : { [labels.format]: String(volume.format) }),
  };
}

function otherVolume(name: string, cause: unknown): KeelsonError {
  return nameTaken({
    message: `another volume is named ${name}, and Keelson did not make it like this`,
    hint: `Save its data and remove it (docker volume rm ${name}); Keelson never touches it.`,
    cause,
  });
}
