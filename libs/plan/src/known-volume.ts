import { type KnownVolume, type ObservedNode, type VolumeState, compareText, ownOf } from "@keelson/model";

import { namesOfHeld } from "./held-instance.ts";
import { rememberPlaces } from "./remembered-place.ts";
import { findGivenUp } from "./renewal.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { findVolumeLoss } from "./volume-loss.ts";
import { findVolumeUse, isUsedBy, usersInEngine, writersSeen } from "./volume-use.ts";

/**
 * What is remembered of volumes, before a round does anything and after it: those of this node that are there, those of others
 * that it uses, and those that went while they were used. One that went while nothing used it is forgotten: a person has removed it.
 */
export function rememberVolumes(node: SimulatedNode): Record<string, KnownVolume> {
  const { desired, observed, record } = node;
  const { guarded } = findVolumeLoss(node);
  const givenUp = findGivenUp(node);
  const uses = findVolumeUse(desired);
  const held = namesOfHeld(desired);
  const there = new Set(observed.volumes.map(({ name }) => name));
  const givenBack = findGivenBack(node);
  const released = new Set(
    desired.instances
      .filter(({ project }) => givenBack.has(project))
      .flatMap(({ volumes }) => volumes.map(({ name }) => name)),
  );
  const existing = new Set(
    observed.containers
      .filter(({ ownership }) => ownership === "ours")
      .map(({ instance, service }) => `${instance}/${service}`),
  );
  const names = new Set([...Object.keys(record.volumes), ...ownIn(observed), ...externalIn(node)]);
  return Object.fromEntries(
    [...names].sort(compareText).flatMap((name): [string, KnownVolume][] => {
      const before = ownOf(record.volumes, name);
      if (released.has(name)) return [];
      const use = uses.get(name) ?? useOfHeld(before, held);
      const isGuarded = guarded.has(name);
      const now = [...(use?.users ?? []), ...usersInEngine(name, observed)];
      const isUsed = now.length > 0 || isGuarded;
      const isGivenUp = !isUsed && (givenUp.has(name) || before?.state === "given-up");
      // What is not known to be replaced is not forgotten.
      const last = use === undefined || isGuarded ? [...now, ...(before?.users ?? [])] : now;
      // Whoever has a container without it was let begin without it.
      const holding = last.filter((user) => now.includes(user) || !existing.has(user));
      const isLetGo = last.length > 0 && holding.length === 0;
      const state = there.has(name)
        ? stateOfThere({ isUsed, isGivenUp: isGivenUp || isLetGo })
        : stateOfGone(before?.state, { isDeclared: use !== undefined, isGuarded, isGivenUp });
      if (state === null) return [];
      const writers = [...(before?.users ?? []), ...writersSeen(name, node)];
      const users = [...new Set(isLetGo ? last : holding)]
        .filter((user) => writers.includes(user))
        .sort(compareText);
      const from = users.length === 0 ? before?.package : (use?.package ?? before?.package);
      const places = rememberPlaces(name, { users, before, isWaiting: isGuarded || !there.has(name), node });
      return [[name, { users, package: from ?? "", state, ...places }]];
    }),
  );
}

/** What an instance that is held is to have is not known now: what it used, it uses. */
function useOfHeld(before: KnownVolume | undefined, held: ReadonlySet<string>): KnownVolume | undefined {
  if (before === undefined || before.state === "unused" || before.state === "given-up") return undefined;
  return isUsedBy(held, before) ? before : undefined;
}

function stateOfThere({ isUsed, isGivenUp }: { isUsed: boolean; isGivenUp: boolean }): VolumeState {
  if (isUsed) return "used";
  return isGivenUp ? "given-up" : "unused";
}

/** Null for what is forgotten. */
function stateOfGone(
  before: VolumeState | undefined,
  { isDeclared, isGuarded, isGivenUp }: { isDeclared: boolean; isGuarded: boolean; isGivenUp: boolean },
): VolumeState | null {
  if (isGuarded && before !== "lost") return "used";
  if (isGivenUp) return null;
  return isDeclared || before === "used" || before === "lost" ? "lost" : null;
}

function ownIn({ volumes }: ObservedNode): string[] {
  return volumes.filter(({ ownership }) => ownership === "ours").map(({ name }) => name);
}

/** Of others, and there: what services of this node have in them is their data all the same. */
function externalIn({ desired, observed }: Pick<SimulatedNode, "desired" | "observed">): string[] {
  const there = new Set(observed.volumes.map(({ name }) => name));
  return desired.instances
    .flatMap(({ services }) => services.flatMap(({ externalVolumes = [] }) => externalVolumes))
    .filter((name) => there.has(name));
}

/** Projects of released instances that have no container of the node any more: what they have is forgotten, and stays so. */
export function findGivenBack({ desired, observed }: SimulatedNode): Set<string> {
  const own = new Set(
    observed.containers.flatMap(({ ownership, project }) => (ownership === "ours" ? [project] : [])),
  );
  return new Set(
    desired.instances.flatMap(({ state, project }) =>
      state === "released" && !own.has(project) ? [project] : [],
    ),
  );
}
