import { type Problem, compareText, hintFor, problemAt, quote } from "@keelson/model";

import type { PlacedInstance, Scene } from "./scene.ts";
import { isInRange, isVersionRange } from "./version-range.ts";

/** Every interface that an instance requires has exactly one provider, and none waits for itself. */
export function checkInterfaces(scene: Scene): Problem[] {
  const providers = collectProviders(scene.instances);
  const isAnyLeftOut = scene.environment.layers.some(({ leftOut = [] }) =>
    leftOut.some((path) => /^instances(?:\.[^.]+)?$/.test(path)),
  );
  const complete = !isAnyLeftOut && scene.instances.every((placed) => placed.package !== null);
  const problems: Problem[] = [];
  const needs = new Map<string, Need[]>();
  for (const placed of scene.instances) {
    for (const [name, range] of Object.entries(placed.package?.package.value.requires ?? {})) {
      const offered = providers.get(name) ?? [];
      const fitting = offered.filter(({ version }) => isInRange(version, range));
      if (fitting.length !== 1 && isVersionRange(range) && (complete || offered.length > 0)) {
        problems.push(unmet(scene, { placed, name, range, offered, fitting, known: [...providers.keys()] }));
      }
      const [provider] = fitting;
      if (provider === undefined || provider.instance === placed.name) continue;
      needs.set(placed.name, [...(needs.get(placed.name) ?? []), { name, provider: provider.instance }]);
    }
  }
  return [...problems, ...cycleProblems(scene, needs)];
}

interface Offer {
  instance: string;
  version: string;
}

interface Need {
  /** The interface. */
  name: string;
  provider: string;
}

/** By instance: what it requires and who provides it. */
type Needs = ReadonlyMap<string, readonly Need[]>;

function collectProviders(instances: readonly PlacedInstance[]): Map<string, Offer[]> {
  const providers = new Map<string, Offer[]>();
  for (const placed of instances) {
    for (const [name, version] of Object.entries(placed.package?.package.value.provides ?? {})) {
      providers.set(name, [...(providers.get(name) ?? []), { instance: placed.name, version }]);
    }
  }
  return providers;
}

function unmet(
  scene: Scene,
  need: {
    placed: PlacedInstance;
    name: string;
    range: string;
    offered: Offer[];
    fitting: Offer[];
    known: string[];
  },
): Problem {
  const { placed, name, range, offered, fitting, known } = need;
  const wants = `${quote(placed.name)} requires ${name} ${range}`;
  const names = (offers: Offer[]) =>
    offers.map(({ instance, version }) => `${instance} (${version})`).join(", ");
  const say = (said: { code: string; message: string; hint: string }): Problem =>
    problemAt(placed.layer, { path: `instances.${placed.name}`, ...said });
  if (fitting.length > 1) {
    const message = `${wants}, which several instances provide: ${names(fitting)}`;
    return say({ code: "K1105", message, hint: "keep one of them in this environment" });
  }
  if (offered.length > 0) {
    const message = `${wants}, but the provided versions are ${names(offered)}`;
    return say({ code: "K1107", message, hint: "lock releases whose versions fit each other" });
  }
  const message = `${wants}, which no instance of environment ${scene.name} provides`;
  const hint =
    hintFor(name, { known, as: "provided here" }) ?? "add an instance of a package that provides it";
  return say({ code: "K1106", message, hint });
}

function cycleProblems(scene: Scene, needs: Needs): Problem[] {
  const problems: Problem[] = [];
  const left = withoutEnds(needs);
  for (const start of left) {
    const cycle = shortestCycle(start, { needs, left });
    left.delete(start);
    const placed = scene.instances.find(({ name }) => name === start);
    if (cycle === null || placed === undefined) continue;
    for (const { provider } of cycle) left.delete(provider);
    const chain = cycle.map(({ name, provider }) => ` → ${provider} (${name})`).join("");
    const message = `these instances require each other: ${start}${chain}`;
    const hint = "make one of the interfaces `optional` in its package, or split the package";
    problems.push(problemAt(placed.layer, { code: "K1108", path: `instances.${start}`, message, hint }));
  }
  return problems;
}

/** The instances, sorted, from which a chain of needs never ends: only among them there are cycles. */
function withoutEnds(needs: Needs): Set<string> {
  const left = new Set([...needs.keys()].sort(compareText));
  const users = new Map<string, string[]>();
  for (const [instance, all] of needs) {
    for (const { provider } of all) users.set(provider, [...(users.get(provider) ?? []), instance]);
  }
  const ends = [...users.keys()].filter((name) => !left.has(name));
  for (const end of ends) {
    for (const user of users.get(end) ?? []) {
      if (!left.has(user) || needs.get(user)?.some(({ provider }) => left.has(provider)) === true) continue;
      left.delete(user);
      ends.push(user);
    }
  }
  return left;
}

/** The fewest needs that lead from an instance back to it, by breadth first search among those that are left. */
function shortestCycle(
  start: string,
  { needs, left }: { needs: Needs; left: ReadonlySet<string> },
): Need[] | null {
  const reachedBy = new Map<string, { from: string; need: Need } | null>([[start, null]]);
  for (const instance of reachedBy.keys()) {
    for (const need of needs.get(instance) ?? []) {
      if (need.provider === start) return [...wayTo(instance, reachedBy), need];
      if (left.has(need.provider) && !reachedBy.has(need.provider)) {
        reachedBy.set(need.provider, { from: instance, need });
      }
    }
  }
  return null;
}

function wayTo(
  instance: string,
  reachedBy: ReadonlyMap<string, { from: string; need: Need } | null>,
): Need[] {
  const way: Need[] = [];
  for (
    let step = reachedBy.get(instance);
    step !== undefined && step !== null;
    step = reachedBy.get(step.from)
  )
    way.unshift(step.need);
  return way;
}
