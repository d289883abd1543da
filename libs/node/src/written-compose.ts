import { type Engine, findLockedReferences } from "@keelson/engine";
import { type ComposeModel, type DesiredInstance, type NodeSecrets, mapValues } from "@keelson/model";
import { dataFolderOf, writeComposeModel } from "@keelson/store";

import { type NodeSettings, pathsByName } from "./node-settings.ts";

/**
 * Writes the Compose file that an instance runs from, with the paths of this node, and with the images that it is locked to. Throws
 * K3001 and K3009, and what `writeComposeModel` throws.
 */
export async function writeCompose(
  settings: Pick<NodeSettings, "stateDir" | "dataDir" | "dataFolders" | "allow">,
  {
    instance,
    ownerOf,
    engine,
    signal,
  }: { instance: DesiredInstance; engine: Engine; signal: AbortSignal } & Pick<NodeSecrets, "ownerOf">,
): Promise<void> {
  const { name, was, project, services } = instance;
  const references = await findLockedReferences(engine, { services, signal });
  const model = withImages(instance.compose, references);
  const dataFolder = dataFolderOf(settings, { instance: name, was });
  const paths = pathsByName(settings);
  await writeComposeModel(settings, { instance: name, project, model, dataFolder, ownerOf, paths });
}

function withImages(model: ComposeModel, references: ReadonlyMap<string, string>): ComposeModel {
  const services = mapValues(model.services, (service, name) => ({
    ...service,
    image: references.get(name) ?? service.image,
  }));
  return { ...model, services };
}
