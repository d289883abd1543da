import { type DesiredNode, type KnownVolume, type ObservedNode, compareText } from "@keelson/model";

import { findVolumeLoss } from "./volume-loss.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { findVolumeUse, usersInEngine } from "./volume-use.ts";

/**
 * What is remembered of volumes, before a round does anything and after it: those of this node that are there, and those that are desired although they
 * are lost. One that is neither is forgotten, unless a volume that was to take its place waits for a person.
 */
export function rememberVolumes(node: SimulatedNode): Record<string, KnownVolume> {
  const { desired, observed, record } = node;
  const { guarded } = findVolumeLoss(node);
  const uses = findVolumeUse(desired);
  const there = new Set(observed.volumes.map(({ name }) => name));
  const declared = declaredIn(desired);
  const kept = Object.keys(record.volumes).filter(
    (name) => there.has(name) || declared.has(name) || guarded.has(name),
  );
  const names = new Set([...kept, ...ownIn(observed)]);
  return Object.fromEntries(
    [...names].sort(compareText).map((name): [string, KnownVolume] => {
      const before = record.volumes[name];
      const use = uses.get(name);
      const isGuarded = guarded.has(name);
      const now = [...(use?.users ?? []), ...usersInEngine(name, observed)];
      // What is not known to be replaced is not forgotten.
      const users = now.length === 0 || isGuarded ? [...now, ...(before?.users ?? [])] : now;
      return [
        name,
        {
          users: [...new Set(users)].sort(compareText),
          package: use?.package ?? before?.package ?? "",
          isLeft: now.length === 0 && !isGuarded,
        },
      ];
    }),
  );
}

function ownIn({ volumes }: ObservedNode): string[] {
  return volumes.filter(({ ownership }) => ownership === "ours").map(({ name }) => name);
}

function declaredIn({ instances }: DesiredNode): Set<string> {
  return new Set(instances.flatMap(({ volumes }) => volumes.map(({ name }) => name)));
}
