import {
  type DesiredNode,
  type ObservedContainer,
  type ObservedNode,
  type RecordState,
  findAcceptances,
  isInSync,
} from "@keelson/model";
import { describeApplied } from "@keelson/plan";

import type { Ports } from "./ports.ts";

/**
 * Brings the node's memory up to what was seen; nothing is written where nothing changed. The round must still be open
 * in the journal: what it made is known by that.
 */
export function rememberRound(
  ports: Pick<Ports, "record" | "now">,
  done: { desired: DesiredNode; observed: ObservedNode; commit: string; isApplied: boolean },
): void {
  const { record } = ports;
  const { desired, observed } = done;
  const before = record.readState();
  const own = observed.containers.filter(({ ownership }) => ownership === "ours");
  const networks = observed.networks.filter(({ ownership }) => ownership === "ours");
  if (own.length > 0) record.rememberContainers(own);
  record.acceptContainers(findAcceptances(desired, own));
  if (networks.length > 0) record.rememberNetworks(networks);
  forgetGone(record, { before, observed });
  const parts = appliedParts(desired, { own, before });
  for (const [service, of] of Object.entries(parts)) record.saveServiceParts(service, of);
  for (const service of Object.keys(before.serviceParts)) {
    if (parts[service] === undefined) record.forgetService(service);
  }
  if (done.isApplied) saveApplied(ports, { ...done, before });
}

/** Only what is no longer there is forgotten: with a wrong key in place nothing looks like ours for a while. */
function forgetGone(
  record: Ports["record"],
  { before, observed }: { before: RecordState; observed: ObservedNode },
): void {
  const ids = new Set(observed.containers.map(({ id }) => id));
  const names = new Set(observed.networks.map(({ name }) => name));
  const containers = Object.keys(before.containers).filter((id) => !ids.has(id));
  const networks = Object.keys(before.networks).filter((name) => !names.has(name));
  if (containers.length > 0) record.forgetContainers(containers);
  if (networks.length > 0) record.forgetNetworks(networks);
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

/** Parts of those services that have what is desired; the others keep what was applied to them. */
function appliedParts(
  desired: DesiredNode,
  on: { own: readonly ObservedContainer[]; before: RecordState },
): RecordState["serviceParts"] {
  const parts: RecordState["serviceParts"] = {};
  for (const { project, services } of desired.instances) {
    for (const service of services) {
      const key = `${project}/${service.name}`;
      const isApplied = on.own.some(
        (each) => each.project === project && each.service === service.name && isInSync(each, service),
      );
      const [{ algorithm, parts: of }] = service.digests;
      const known = isApplied ? { algorithm, parts: of } : on.before.serviceParts[key];
      if (known !== undefined) parts[key] = known;
    }
  }
  return parts;
}
