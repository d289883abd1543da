import {
  type Ask,
  type GrantKind,
  Grants,
  NodeGrants,
  type PermittedPath,
  compareText,
} from "@keelson/model";

import { isGranted } from "./granted.ts";
import { isSwitch, nameFor } from "./lines.ts";

/** The least of environment.yaml that grants all of this: without any entry of it, something is refused. */
export function leastGrants(asks: readonly Ask[]): Grants {
  return Grants.parse(Object.fromEntries(byKind(asks).map(([kind, own]) => [kind, valuesOf(own)])));
}

/** The least of agent.yaml that permits all of this. Paths by name are left out: only the node knows where they are. */
export function leastPermits(asks: readonly Ask[]): NodeGrants {
  const known = asks.filter(({ kind, value }) =>
    kind === "paths" ? value.startsWith("/") : kind !== "secretEnvironment",
  );
  return NodeGrants.parse(
    Object.fromEntries(
      byKind(known).map(([kind, own]) => [kind, kind === "paths" ? permitsFor(own) : valuesOf(own)]),
    ),
  );
}

function byKind(asks: readonly Ask[]): [GrantKind, Ask[]][] {
  return [...Map.groupBy(asks, ({ kind }) => kind)].sort(([a], [b]) => compareText(a, b));
}

function valuesOf(asks: readonly Ask[]): true | string[] {
  return asks.every(isSwitch) ? true : outermost(asks);
}

/** The values that no other one covers, sorted. */
function outermost(asks: readonly Ask[]): string[] {
  const byValue = new Map(asks.map((ask) => [ask.value, ask]));
  const values = [...byValue.keys()].sort(compareText);
  const covers = (other: string, ask: Ask) =>
    other !== ask.value && isGranted({ ...ask, readOnly: false }, { [ask.kind]: [other] });
  return values.filter((value) => {
    const ask = byValue.get(value);
    return ask !== undefined && !values.some((other) => covers(other, ask));
  });
}

/** A name for each path, which is writable where any service writes in it. */
function permitsFor(asks: readonly Ask[]): Record<string, PermittedPath> {
  const permits = new Map<string, PermittedPath>();
  for (const path of outermost(asks)) {
    const below = asks.filter((ask) => isGranted(ask, { paths: [path] }));
    const readOnly = below.every((ask) => ask.readOnly === true);
    permits.set(freeName(nameFor(path), permits), { path, readOnly, nested: false });
  }
  return Object.fromEntries(permits);
}

function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    const numbered = `${name.slice(0, 36)}-${number}`;
    if (!taken.has(numbered)) return numbered;
  }
}
