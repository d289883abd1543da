import { KeelsonError, type OperationOf, composeLabels, labels, resourceIds, stalled } from "@keelson/model";
import type { VolumeInspectInfo } from "dockerode";

import type { EngineContext } from "./context.ts";
import { mapOf, textOf } from "./json-reader.ts";
import { inspectVolume } from "./observed-volume.ts";
import { askEngine, hasStatus } from "./request.ts";

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
          Driver: textOf(volume.definition["driver"]) || "local",
          DriverOpts: mapOf(volume.definition["driver_opts"]),
          Labels: { ...mapOf(volume.definition["labels"]), ...own },
          abortSignal,
        }),
    });
  } catch (error) {
    // Another driver has a volume of this name.
    if (hasStatus(error, 409)) throw nameTaken(volume.name, error.cause);
    throw error;
  }
  requireOurs(await inspectVolume(engine, { name: volume.name, signal }), { name: volume.name, own });
}

function requireOurs(
  volume: VolumeInspectInfo | null,
  { name, own }: { name: string; own: Record<string, string> },
): void {
  const have = volume?.Labels ?? {};
  const differing = Object.keys(own).filter((label) => have[label] !== own[label]);
  if (differing.length === 0) return;
  const cause = volume === null ? "it is gone again" : `its labels differ: ${differing.join(", ")}`;
  throw nameTaken(name, new Error(cause));
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
