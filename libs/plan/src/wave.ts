import { compareText, required } from "@keelson/model";

import { type ServiceChange, makesContainers } from "./service-action.ts";

/** Services whose containers one Compose call makes. */
export interface Wave {
  /** `new` has no old containers to take down, so it waits for nothing; the others are numbered from 0. */
  readonly name: string;
  /** Sorted by service. */
  readonly changes: readonly ServiceChange[];
  /** The same, in those that can only be made together. */
  readonly parts: readonly (readonly ServiceChange[])[];
}

/**
 * Groups what has to be created: everything new in one call, what replaces something level by level,
 * so that a container goes down only when all it depends on is up. Services that share a namespace stay together.
 */
export function groupWaves(services: ReadonlyMap<string, ServiceChange>): Wave[] {
  const units = findUnits(services);
  const levelOf = newLevels(services, units);
  const made = [...services.values()].filter(makesContainers);
  const waves = Map.groupBy(made, ({ service }) => {
    const unit = required(units.get(service.name), "the unit of a service");
    const isReplacing = [...unit].some((member) => services.get(member)?.action === "recreate");
    return isReplacing ? String(levelOf(unit)) : "new";
  });
  return [...waves]
    .map(([name, unsorted]) => {
      const changes = unsorted.toSorted((a, b) => compareText(a.service.name, b.service.name));
      const parts = [...Map.groupBy(changes, ({ service }) => units.get(service.name)).values()];
      return { name, changes, parts };
    })
    .sort((a, b) => waveNumber(a) - waveNumber(b));
}

/** Names of services that share a namespace, or of one that shares none. */
type Unit = ReadonlySet<string>;

function waveNumber(wave: Wave): number {
  return wave.name === "new" ? -1 : Number(wave.name);
}

function findUnits(services: ReadonlyMap<string, ServiceChange>): Map<string, Unit> {
  const units = new Map<string, Unit>([...services.keys()].map((name) => [name, new Set([name])]));
  for (const [name, { service }] of services) {
    for (const other of service.sharesWith) {
      const merged = new Set([...(units.get(name) ?? []), ...(units.get(other) ?? [])]);
      for (const member of merged) units.set(member, merged);
    }
  }
  return units;
}

/** How many steps must be over before a unit's turn: those of all it depends on, also through what stays as it is. */
function newLevels(
  services: ReadonlyMap<string, ServiceChange>,
  units: ReadonlyMap<string, Unit>,
): (unit: Unit) => number {
  const levels = new Map<Unit, number>();
  const acts = (unit: Unit) => [...unit].some((member) => services.get(member)?.action !== "none");
  const levelOf = (unit: Unit): number => {
    const known = levels.get(unit);
    if (known !== undefined) return known;
    levels.set(unit, 0); // what depends on itself does not count
    const below = [...unit]
      .flatMap((member) => services.get(member)?.service.dependsOn ?? [])
      .flatMap(({ service }) => units.get(service) ?? [])
      .filter((other) => other !== unit)
      .map((other) => levelOf(other) + (acts(other) ? 1 : 0));
    const level = Math.max(0, ...below);
    levels.set(unit, level);
    return level;
  };
  return levelOf;
}
