import {
  type DesiredVolume,
  KeelsonError,
  type OperationOf,
  composeLabels,
  labels,
  resourceIds,
  stalled,
} from "@keelson/model";
import type { VolumeInspectInfo } from "dockerode";

import type { EngineContext } from "./context.ts";
import { mapOf } from "./json-reader.ts";
import { inspectVolume } from "./observed-volume.ts";
import { askEngine, hasStatus } from "./request.ts";
import { engineVolume, findVolumeFlaw } from "./volume-definition.ts";

/**
 * Creates a volume with Compose's labels and ours. The engine answers with an existing volume of the same name as if
 * it had made it, so what is there afterwards is compared: a volume without our owner label or with another
 * definition is K3007, and nothing is ever adopted silently.
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
    if (hasStatus(error, 409)) throw nameTaken(volume.name, error.cause);
    throw error;
  }
  requireOurs(await inspectVolume(engine, { name: volume.name, signal }), { volume, own });
}

function requireOurs(
  found: VolumeInspectInfo | null,
  { volume, own }: { volume: DesiredVolume; own: Record<string, string> },
): void {
  const cause = found === null ? "it is gone again" : differenceOf(found, { volume, own });
  if (cause !== "") throw nameTaken(volume.name, new Error(cause));
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
  { environment, ownerOf }: EngineContext,
  { instance, project, volume }: OperationOf<"create-volume">,
): Record<string, string> {
  return {
    [composeLabels.project]: project,
    [composeLabels.volume]: volume.key,
    [labels.environment]: environment,
    [labels.instance]: instance,
    [labels.digest]: volume.digest,
    [labels.owner]: ownerOf(resourceIds.volume(volume.name)),
    [labels.generation]: String(volume.generation),
    ...(volume.format === null ? {} : { [labels.format]: String(volume.format) }),
  };
}

function nameTaken(name: string, cause: unknown): KeelsonError {
  return new KeelsonError({
    code: "K3007",
    message: `there is another volume named ${name}, which Keelson did not make like this`,
    hint: `Keep its data elsewhere and remove it (docker volume rm ${name}); Keelson never touches it.`,
    outcome: stalled,
    cause,
  });
}
