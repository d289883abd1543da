import { type Json, type JsonObject, isJsonObject, fillVariables, ownOf } from "@keelson/model";

import { type ServiceOf, servicesOf, withBases } from "./extends-chain.ts";
import type { Participant } from "./participant.ts";

/**
 * How many ways lead from services to others that they depend on, of all services together. Compose follows each of them in
 * its search for circles, and twenty services that all depend on each other have a million. Infinity where only Compose can
 * tell on what a service depends.
 */
export function countDependencyPaths(
  project: readonly Participant[],
  composeFiles: readonly Participant[],
): number {
  const needed = new Map<string, Set<string>>();
  for (const participant of project) {
    for (const name of Object.keys(servicesOf(participant))) {
      const names = needed.get(name) ?? new Set();
      needed.set(name, names);
      for (const each of withBases(composeFiles, { participant, name })) {
        const dependencies = dependenciesOf(each);
        if (dependencies === null) return Infinity;
        for (const dependency of dependencies) names.add(dependency);
      }
    }
  }
  const counts = new Map<string, number>();
  const countFrom = (name: string): number => {
    const known = counts.get(name);
    if (known !== undefined) return known;
    counts.set(name, 1); // Compose refuses circles
    const count = [...(needed.get(name) ?? [])].reduce((sum, next) => sum + countFrom(next), 1);
    counts.set(name, count);
    return count;
  };
  return [...needed.keys()].reduce((sum, name) => sum + countFrom(name), 0);
}

function dependenciesOf({ participant, name }: ServiceOf): string[] | null {
  const service = ownOf(servicesOf(participant), name);
  if (!isJsonObject(service)) return [];
  const filled = (texts: readonly string[]) =>
    texts.map((text) => fillVariables(text, participant.variables));
  const names = [
    ...["depends_on", "links", "volumes_from"].flatMap((key) => [
      ...keysIn(service[key]),
      ...filled(textsIn(service[key])).map((text) => text?.split(":")[0] ?? null),
    ]),
    ...filled(["network_mode", "pid", "ipc", "uts"].flatMap((key) => sharedIn(service, key))),
  ];
  return names.every((each) => each !== null) ? names : null;
}

/** The keys of a mapping; they hold no variables. */
function keysIn(value: Json | undefined): string[] {
  return isJsonObject(value) ? Object.keys(value) : [];
}

/** The texts of a list: names, some with a part after a colon. */
function textsIn(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function sharedIn(service: JsonObject, key: string): string[] {
  const value = service[key];
  return typeof value === "string" && value.startsWith("service:") ? [value.slice("service:".length)] : [];
}
