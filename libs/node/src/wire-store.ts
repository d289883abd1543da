import type { StorePort } from "@keelson/reconcile";
import { collectGarbage, listStaged, readStagedNeeds, stageRelease, writeStagedNeeds } from "@keelson/store";

import type { NodeSettings } from "./node-settings.ts";

/** The node's store of staged releases. Whoever changes it holds the node's lock. */
export function wireStore({ stateDir }: Pick<NodeSettings, "stateDir">): StorePort {
  return {
    stageRelease: async (input) => (await stageRelease({ ...input, stateDir, now: new Date() })).result,
    listStaged: async () => listStaged(stateDir),
    readNeeds: async () => readStagedNeeds(stateDir),
    writeNeeds: async (needs) => writeStagedNeeds(stateDir, needs),
    collectGarbage: async (entries) => collectGarbage(stateDir, entries),
  };
}
