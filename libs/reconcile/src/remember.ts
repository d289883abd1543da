import { type DesiredNode, type ObservedNode, type RecordState, canonicalText, ownOf } from "@keelson/model";
import {
  buildRecord,
  describeApplied,
  describeFollowed,
  rememberFolders,
  rememberVolumes,
} from "@keelson/plan";

import type { Ports } from "./ports.ts";

/** Notes who uses which volume, and what lies in data folders, before anything is done: what is made anew without one shows it no more. */
export function rememberUse(
  { record }: Pick<Ports, "record">,
  seen: { desired: DesiredNode; observed: ObservedNode },
): void {
  const before = record.readState();
  const volumes = rememberVolumes({ ...seen, record: before });
  record.rememberVolumes(Object.fromEntries(changedIn(before.volumes, volumes)));
  const folders = rememberFolders({ ...seen, record: before });
  record.rememberFolders(Object.fromEntries(changedIn(before.folders ?? {}, folders)));
}

/** Notes who has ended by itself: by the next round it may run again, and does not show it any more. */
export function noteCrashes({ record }: Pick<Ports, "record">, { containers }: ObservedNode): void {
  const known = record.readState().crashes;
  const seen = containers.flatMap(({ id, crash }) => (crash === undefined ? [] : [[id, crash] as const]));
  const news = seen.filter(([id, { at }]) => known[id]?.some((each) => each.at === at) !== true);
  if (news.length > 0) record.noteCrashes(Object.fromEntries(news));
}

/**
 * Brings the node's memory up to what was seen; nothing is written where nothing changed. The round must still be open
 * in the journal: what it made is known by that.
 */
export function rememberRound(
  ports: Pick<Ports, "record" | "now">,
  done: {
    desired: DesiredNode;
    observed: ObservedNode;
    commit: string;
    /** `part`: all of the commit but what is held. */
    reached: "commit" | "part" | "none";
  },
): void {
  const { record } = ports;
  const before = record.readState();
  const after = buildRecord({ ...done, record: before });
  record.rememberContainers(
    changedIn(before.containers, after.containers).map(([id, of]) => ({ id, ...of })),
  );
  record.acceptContainers(Object.fromEntries(changedIn(before.accepted, after.accepted)));
  record.rememberLimits(Object.fromEntries(changedIn(before.limits ?? {}, after.limits ?? {})));
  record.rememberNetworks(changedIn(before.networks, after.networks).map(([name, id]) => ({ name, id })));
  record.rememberVolumes(Object.fromEntries(changedIn(before.volumes, after.volumes)));
  record.rememberFolders(Object.fromEntries(changedIn(before.folders ?? {}, after.folders ?? {})));
  record.saveRenewed(Object.fromEntries(changedIn(before.renewed, after.renewed)));
  for (const [service, parts] of changedIn(before.serviceParts, after.serviceParts))
    record.saveServiceParts(service, parts);
  record.forgetContainers(goneFrom(before.containers, after.containers));
  record.forgetNetworks(goneFrom(before.networks, after.networks));
  record.forgetVolumes(goneFrom(before.volumes, after.volumes));
  record.forgetFolders(goneFrom(before.folders ?? {}, after.folders ?? {}));
  for (const service of goneFrom(before.serviceParts, after.serviceParts)) record.forgetService(service);
  if (done.reached === "commit") saveApplied(ports, { ...done, before });
  if (done.reached === "part") saveFollowed(ports, { ...done, before });
}

function changedIn<T>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
): [string, T][] {
  const isSame = (a: T, b: T | undefined) => b !== undefined && canonicalText(a) === canonicalText(b);
  return Object.entries(after).filter(([key, value]) => !isSame(value, ownOf(before, key)));
}

function goneFrom(before: object, after: object): string[] {
  return Object.keys(before).filter((key) => !Object.hasOwn(after, key));
}

function saveApplied(
  { record, now }: Pick<Ports, "record" | "now">,
  { desired, commit, before }: { desired: DesiredNode; commit: string; before: RecordState },
): void {
  if (before.applied?.commit === commit && before.applied.desiredDigest === desired.digest) return;
  record.saveApplied({
    commit,
    desiredDigest: desired.digest,
    lockDigest: desired.lockDigest,
    appliedAt: now().toISOString(),
    ...describeApplied(desired),
  });
}

/** The commit that is applied stays: not all of a later one is. */
function saveFollowed(
  { record }: Pick<Ports, "record">,
  { desired, before: { applied } }: { desired: DesiredNode; before: RecordState },
): void {
  if (applied === null) return;
  const after = { ...applied, ...describeFollowed(desired, applied) };
  if (canonicalText(after) !== canonicalText(applied)) record.amendApplied(after);
}
