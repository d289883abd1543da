import { compareText } from "@keelson/model";

import type { ServiceChange } from "./service-action.ts";

/** Services whose containers one Compose call makes. */
export interface Wave {
  /** `new` has no old containers to take down, so it waits for nothing; the others are numbered from 0. */
  name: string;
  /** Sorted by service. */
  changes: ServiceChange[];
}

/**
 * Groups what has to be created: everything new in one call, what replaces something level by level,
 * so that a container goes down only when all it depends on is up. Services that share a namespace stay together.
 */
export function groupWaves(services: ReadonlyMap<string, ServiceChange>): Wave[] {
  const units = findUnits(services);
  const levels = new Map<Unit, number>();
  const waves = new Map<string, ServiceChange[]>();
  for (const [name, change] of services) {
    const unit = units.get(name);
    if (unit === undefined || !isCreated(change)) continue;
    const isReplacing = [...unit].some((member) => services.get(member)?.action === "recreate");
    const wave = isReplacing ? String(levelOf(unit, { services, units, levels })) : "new";
    waves.set(wave, [...(waves.get(wave) ?? []), change]);
  }
  return [...waves]
    .map(([name, changes]) => ({
      name,
      changes: changes.sort((a, b) => compareText(a.service.name, b.service.name)),
    }))
    .sort((a, b) => waveNumber(a) - waveNumber(b));
}

/** Names of services that share a namespace, or of one that shares none. */
type Unit = ReadonlySet<string>;

function isCreated({ action }: ServiceChange): boolean {
  return action === "create" || action === "recreate";
}

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

interface LevelContext {
  services: ReadonlyMap<string, ServiceChange>;
  units: ReadonlyMap<string, Unit>;
  levels: Map<Unit, number>;
}

/** How many steps must be over before a unit's turn: those of all it depends on, also through what stays as it is. */
function levelOf(unit: Unit, context: LevelContext): number {
  const known = context.levels.get(unit);
  if (known !== undefined) return known;
  context.levels.set(unit, 0); // what depends on itself does not count
  const below = [...unit]
    .flatMap((member) => context.services.get(member)?.service.dependsOn ?? [])
    .flatMap(({ service }) => context.units.get(service) ?? [])
    .filter((other) => other !== unit)
    .map((other) => levelOf(other, context) + (acts(other, context) ? 1 : 0));
  const level = Math.max(0, ...below);
  context.levels.set(unit, level);
  return level;
}

function acts(unit: Unit, context: LevelContext): boolean {
  return [...unit].some((member) => context.services.get(member)?.action !== "none");
}
