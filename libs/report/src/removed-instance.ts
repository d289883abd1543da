import { type InstanceStatus, compareText } from "@keelson/model";

import type { StatusInput } from "./status-input.ts";

/**
 * Instances that no revision desires on this node any more, and whose volumes or data folders are left, by name. `present`: names of
 * those that are desired or held.
 */
export function buildRemovedInstances(
  { desired, observed, volumes, folders, last }: StatusInput,
  present: readonly string[],
): InstanceStatus[] {
  if (desired === null) return [];
  const there = new Set([...present, ...desired.held.map(({ name }) => name)]);
  const base = { version: "", services: [] };
  if (volumes === undefined) {
    // What cannot be read is not gone: the report before tells it.
    const told = last?.instances.filter(({ name, state }) => state === "removed" && !there.has(name)) ?? [];
    return told.map((each) => ({ ...each, state: "unknown", sync: "unknown", health: "unknown" }));
  }
  const left = [
    ...Object.values(volumes).flatMap(({ users, package: of, state }) =>
      state === "unused" ? users.map((user) => [user.slice(0, user.indexOf("/")), of] as const) : [],
    ),
    ...Object.values(folders ?? {}).flatMap(({ instance, package: of, state }) =>
      state === "unused" ? [[instance, of] as const] : [],
    ),
  ];
  return [...new Map(left)]
    .filter(([name]) => !there.has(name))
    .sort(([a], [b]) => compareText(a, b))
    .map(([name, of]) =>
      observed === null
        ? { ...base, name, package: of, state: "unknown", sync: "unknown", health: "unknown" }
        : { ...base, name, package: of, state: "removed", sync: "in-sync", health: "healthy" },
    );
}
