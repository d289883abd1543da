import type { DesiredInstance, HeldInstance, Problem, RenderedNode } from "@keelson/model";

import { givenName } from "./given-name.ts";
import { permitsNetwork } from "./granted-network.ts";

interface Found {
  /** What could be built of instances, whole or not. */
  built: readonly DesiredInstance[];
  problems: readonly Problem[];
}

/**
 * The instances that stay as they are: those that the commit has problems with, and those that require one of them. Null
 * where nothing of the commit is followed.
 */
export function findHeld(rendered: RenderedNode, found: Found): HeldInstance[] | null {
  const requires = findCauses(rendered, found);
  if (requires.size === 0 && found.problems.length === 0) return [];
  const isOfWhole = found.problems.some(({ instances }) => instances === undefined);
  if (isOfWhole || !rendered.partial) return null;
  return rendered.places.flatMap((place) => {
    const cause = requires.get(place.name);
    if (cause === undefined) return [];
    const own = found.problems.filter(({ instances }) => instances?.includes(place.name));
    const mayPass = own.length > 0 && own.every(({ outcome }) => outcome === "transient");
    return [{ ...place, requires: cause, ...(mayPass ? { mayPass } : {}) }];
  });
}

/** What this node has to tell of the problems of a commit that it follows in part: not those of other nodes. */
export function problemsHere({ places }: RenderedNode, problems: readonly Problem[]): Problem[] {
  const elsewhere = new Set(places.flatMap(({ name, isElsewhere }) => (isElsewhere ? [name] : [])));
  return problems.filter(({ instances }) => instances?.every((name) => elsewhere.has(name)) !== true);
}

/** By name, the held instance that an instance requires; null where its own problems hold it. */
function findCauses(rendered: RenderedNode, { built, problems }: Found): Map<string, string | null> {
  const faulty = new Set(problems.flatMap(({ instances = [] }) => instances));
  const unbuilt = findUnbuilt(rendered, built);
  const causes = new Map<string, string | null>([...faulty].map((name) => [name, null]));
  for (const name of unbuilt) {
    if (!faulty.has(name)) causes.set(name, [...faulty][0] ?? null);
  }
  for (let before = -1; before < causes.size;) {
    before = causes.size;
    for (const instance of built) {
      const needed =
        instance.after.find((name) => causes.has(name)) ??
        findUnknownOwner(instance, { rendered, built, unbuilt });
      if (needed !== undefined && !causes.has(instance.name)) causes.set(instance.name, needed);
    }
  }
  return causes;
}

/** Names of instances that are to be here, and of which nothing may be made: what is missing of them has problems. */
function findUnbuilt({ places, instances }: RenderedNode, built: readonly DesiredInstance[]): string[] {
  const whole = new Set(instances.flatMap(({ name, isWhole }) => (isWhole ? [name] : [])));
  const isBuilt = (name: string) => whole.has(name) && built.some((each) => each.name === name);
  const here = [...places.filter(({ isElsewhere }) => !isElsewhere), ...instances].map(({ name }) => name);
  return [...new Set(here)].filter((name) => !isBuilt(name));
}

/** Who may own a network that an instance joins, where nobody else does: of what could not be built, nobody knows the networks. */
function findUnknownOwner(
  { name: instance, compose }: DesiredInstance,
  {
    rendered,
    built,
    unbuilt,
  }: { rendered: RenderedNode; built: readonly DesiredInstance[]; unbuilt: readonly string[] },
): string | undefined {
  const made = built.flatMap(({ networks }) => networks.map(({ name }) => name));
  const owned = new Set([...made, ...Object.keys(rendered.networks)]);
  const joined = Object.entries(compose.networks).map(([key, network]) => givenName(network) ?? key);
  const isUnknown = (name: string) => !owned.has(name) && !permitsNetwork(rendered, { instance, name });
  return joined.some(isUnknown) ? unbuilt[0] : undefined;
}
