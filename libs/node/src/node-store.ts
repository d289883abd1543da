import { connectEngine, listBoundPaths } from "@keelson/engine";
import {
  type AgentConfig,
  type Emit,
  type StagedCheck,
  type StagedNeeds,
  type StagedRelease,
  compareText,
  readEntryName,
} from "@keelson/model";
import { type KeptRelease, type StagedOnce, collectUnneeded, listKept, stageOnce } from "@keelson/reconcile";
import { acquireLock } from "@keelson/record";
import { listStaged, readStagedNeeds, stagedPathOf, verifyStaged } from "@keelson/store";

import { engineAddress } from "./engine-address.ts";
import { type NodeSettings, lockPath } from "./node-settings.ts";
import { requireUnsuspended } from "./suspension.ts";
import { requireTrustedFolders } from "./trusted-files.ts";
import { wireApply } from "./wire-apply.ts";
import { wireSource } from "./wire-source.ts";
import { wireStatus } from "./wire-status.ts";
import { wireStore } from "./wire-store.ts";

type StoreSettings = Pick<NodeSettings, "stateDir" | "keyFile" | "secretsFile" | "ageKeyFile">;

/** How long another round may take before a command gives up (K4020). */
const lockWaitMs = 10_000;

/**
 * Stages a release from the branch of agent.yaml, with the node's lock. `version`: null for the one that is locked. Throws K9080 while a
 * person withholds action, and what `stageOnce` and the lock throw.
 */
export async function stageOnNode(
  settings: NodeSettings,
  {
    config,
    name,
    version,
    emit,
    signal,
  }: { config: AgentConfig; name: string; version: string | null; emit: Emit; signal: AbortSignal },
): Promise<StagedOnce> {
  requireTrustedFolders(settings);
  await requireUnsuspended(settings.stateDir, "wait until somebody has done so");
  const statusPort = wireStatus(config);
  using node = await wireApply(settings, {
    ...wireSource(config, { statusPort, knownCommit: null }),
    statusPort: null,
    readPublished: async () => (await statusPort?.readPublished()) ?? null,
    emit,
    signal,
    lockWaitMs,
  });
  const reference = { environment: config.environment, node: config.node };
  return await stageOnce(await node.openPorts(), { reference, name, version, signal });
}

/** A staged release, with where its folder is. */
export interface StoredRelease extends KeptRelease {
  /** Absolute. */
  path: string;
}

/** What is in the node's store, sorted by release and age. Needs neither the engine nor the lock. Throws what the store throws. */
export async function listStore(settings: Pick<NodeSettings, "stateDir">): Promise<StoredRelease[]> {
  const kept = await listKept(wireStore(settings));
  return kept.map((each) => ({ ...each, path: stagedPathOf(settings.stateDir, each.entry) }));
}

/** Reads through what is staged of a release, or all, with the node's lock: what is found changed is staged again by the next round. */
export async function verifyStore(
  settings: StoreSettings,
  { isAsked, signal }: { isAsked: (release: StagedRelease) => boolean; signal: AbortSignal },
): Promise<StagedCheck[]> {
  const { stateDir } = settings;
  return await withLock(settings, signal, async () => {
    const found = await verifyStaged(stateDir, { isAsked, now: new Date() });
    const there = new Set((await listStaged(stateDir)).map(({ entry }) => entry));
    return [...found, ...findMissing(await readStagedNeeds(stateDir), { there, isAsked })];
  });
}

/** What the last round said that the node needs, and that is not there. */
function findMissing(
  needs: StagedNeeds | null,
  { there, isAsked }: { there: ReadonlySet<string>; isAsked: (release: StagedRelease) => boolean },
): StagedCheck[] {
  const needed = new Set([...(needs?.desired ?? []), ...(needs?.lastGood ?? [])]);
  return [...needed].sort(compareText).flatMap((entry): StagedCheck[] => {
    const said = readEntryName(entry);
    if (said === null || there.has(entry)) return [];
    const { name: release, version } = said;
    const unknown = { digest: null, stagedAt: null, sizeBytes: null, state: "unfinished" } as const;
    if (!isAsked({ entry, release, version, ...unknown })) return [];
    return [{ entry, release, version, state: "missing", differing: [], because: "it is not in the store" }];
  });
}

/** Removes what nothing needs of the node's store, with its lock. Throws K9073, and what engine and store throw: what cannot be asked may be needed. */
export async function collectStore(
  settings: StoreSettings & Pick<NodeSettings, "dockerHost">,
  { signal }: { signal: AbortSignal },
): ReturnType<typeof collectUnneeded> {
  return await withLock(settings, signal, async () => {
    const binds = await listBoundPaths(connectEngine(engineAddress(settings)), { signal });
    return collectUnneeded(wireStore(settings), { binds });
  });
}

async function withLock<T>(settings: StoreSettings, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  requireTrustedFolders(settings);
  const lock = await acquireLock({
    path: lockPath(settings),
    waitMs: lockWaitMs,
    signal,
    onOrphan: () => {},
  });
  try {
    return await run();
  } finally {
    lock.release();
  }
}
