import { compareText } from "@keelson/model";

import type { ServiceChange } from "./service-change.ts";

/** Services whose containers one Compose call makes. */
export interface Wave {
  /** `new` has no old containers to take down, so it waits for nothing; the others are numbered from 0. */
  name: string;
  changes: ServiceChange[];
}

/**
 * Groups what has to be created: everything new in one call, what replaces something level by level,
 * so that a container goes down only when all it depends on is up. Services that share a namespace stay together.
 */
export function groupWaves(services: ReadonlyMap<string, ServiceChange>): Wave[] {
  const created = [...services.values()].filter(({ action }) => action === "create" || action === "recreate");
  const units = findUnits(created);
  const levels = new Map<string, number>();
  const waves = new Map<string, ServiceChange[]>();
  for (const change of created) {
    const unit = units.get(change.service.name) ?? [change];
    const isReplacing = unit.some(({ action }) => action === "recreate");
    const name = isReplacing
      ? String(levelOf(unit, { services, units, levels, visiting: new Set() }))
      : "new";
    waves.set(name, [...(waves.get(name) ?? []), change]);
  }
  return [...waves]
    .map(([name, changes]) => ({
      name,
      changes: changes.sort((a, b) => compareText(a.service.name, b.service.name)),
    }))
    .sort((a, b) => waveNumber(a) - waveNumber(b));
}

function waveNumber(wave: Wave): number {
  return wave.name === "new" ? -1 : Number(wave.name);
}

/** By service name, all created services that it shares a namespace with, itself included. */
function findUnits(created: readonly ServiceChange[]): Map<string, ServiceChange[]> {
  const units = new Map(created.map((change) => [change.service.name, [change]]));
  for (const change of created) {
    for (const other of change.service.sharesWith) {
      const mine = units.get(change.service.name);
      const theirs = units.get(other);
      if (mine === undefined || theirs === undefined || mine === theirs) continue;
      const merged = [...theirs, ...mine];
      for (const member of merged) units.set(member.service.name, merged);
    }
  }
  return units;
}

interface LevelContext {
  services: ReadonlyMap<string, ServiceChange>;
  units: ReadonlyMap<string, ServiceChange[]>;
  levels: Map<string, number>;
  visiting: Set<string>;
}

function levelOf(unit: readonly ServiceChange[], context: LevelContext): number {
  const key = unit[0]?.service.name ?? "";
  const known = context.levels.get(key);
  if (known !== undefined) return known;
  if (context.visiting.has(key)) return 0;
  context.visiting.add(key);
  const members = new Set(unit.map(({ service }) => service.name));
  const below = unit
    .flatMap(({ service }) => service.dependsOn)
    .filter(({ service }) => !members.has(service))
    .map(({ service }) => context.units.get(service))
    .filter((other) => other !== undefined && other.some(({ action }) => action === "recreate"))
    .map((other) => levelOf(other ?? [], context) + 1);
  const level = Math.max(0, ...below);
  context.levels.set(key, level);
  return level;
}
