import { existsSync } from "node:fs";

import { connectEngine, containersOnly, measureVolumes, observeEngine } from "@keelson/engine";
import { compareText, ownOf } from "@keelson/model";

import { engineAddress } from "./engine-address.ts";
import { type EngineSettings, noKey } from "./node-engine.ts";
import { openNodeSecrets } from "./node-secrets.ts";
import { lookUpMemory, readRecordState } from "./remembered.ts";
import { requireTrustedFolders } from "./trusted-files.ts";

/** A volume of this node that nothing desired uses. */
export interface OrphanVolume {
  volume: string;
  /** Null where the engine does not tell. */
  sizeBytes: number | null;
  /** The services that used it last, as `<instance>/<service>`; empty when that is not known. */
  lastUsers: readonly string[];
  /** What removes it. */
  remove: string;
}

/** A volume that went while it was used, and that nobody has given up. */
export interface LostVolume {
  volume: string;
  lastUsers: readonly string[];
}

/**
 * The volumes that this node made and that were left behind by its last round, none that any container has; and those that this
 * round missed. Removes nothing. Throws K9018 without the node's key, and what engine and record throw.
 */
export async function findOrphanVolumes(
  settings: EngineSettings,
  { signal }: { signal: AbortSignal },
): Promise<{ orphans: OrphanVolume[]; lost: LostVolume[] }> {
  const { environment, keyFile } = settings;
  if (!existsSync(keyFile)) throw noKey(keyFile);
  requireTrustedFolders(settings);
  const { ownershipOf } = await openNodeSecrets(settings);
  const engine = connectEngine(engineAddress(settings));
  const known = readRecordState(settings).volumes;
  const observed = await observeEngine(engine, {
    ...containersOnly,
    environment,
    ownershipOf,
    madeHere: await lookUpMemory(settings),
    signal,
  });
  const used = new Set(observed.containers.flatMap(({ volumes }) => volumes));
  const isLeft = (name: string) =>
    ownOf(known, name)?.state === "unused" || ownOf(known, name)?.state === "given-up";
  const orphans = observed.volumes.filter(
    ({ name, ownership }) => ownership === "ours" && isLeft(name) && !used.has(name),
  );
  const sizes = orphans.length === 0 ? new Map<string, null>() : await measureVolumes(engine, { signal });
  const lost = Object.entries(known).filter(([, { state }]) => state === "lost");
  return {
    lost: lost.map(([volume, { users }]) => ({ volume, lastUsers: users })),
    orphans: orphans
      .map(({ name }) => ({
        volume: name,
        sizeBytes: sizes.get(name) ?? null,
        lastUsers: ownOf(known, name)?.users ?? [],
        remove: `docker volume rm ${name}`,
      }))
      .sort((a, b) => compareText(a.volume, b.volume)),
  };
}
