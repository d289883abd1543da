import type { DesiredInstance, NodeSecrets } from "@keelson/model";
import { dataFolderOf, writeComposeModel } from "@keelson/store";

import { type NodeSettings, pathsByName } from "./node-settings.ts";

/** Writes the Compose file that an instance runs from, with the paths of this node. */
export async function writeCompose(
  settings: Pick<NodeSettings, "stateDir" | "dataDir" | "dataFolders" | "allow">,
  { instance, ownerOf }: { instance: DesiredInstance } & Pick<NodeSecrets, "ownerOf">,
): Promise<void> {
  const { name, was, project, compose } = instance;
  const dataFolder = dataFolderOf(settings, { instance: name, was });
  const paths = pathsByName(settings);
  await writeComposeModel(settings, { instance: name, project, model: compose, dataFolder, ownerOf, paths });
}
