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

/** A name for each path. One is writable only where a service writes: what is read above it stays read-only. */
function permitsFor(asks: readonly Ask[]): Record<string, PermittedPath> {
  const isRead = ({ readOnly }: Ask) => readOnly === true;
  const written = outermost(asks.filter((ask) => !isRead(ask)));
  const read = asks.filter((ask) => isRead(ask) && !isGranted(ask, { paths: written }));
  const permits = new Map<string, PermittedPath>();
  const paths = [
    ...written.map((path) => ({ path, readOnly: false })),
    ...outermost(read).map((path) => ({ path, readOnly: true })),
  ];
  for (const each of paths.sort((a, b) => compareText(a.path, b.path)))
    permits.set(freeName(nameFor(each.path), permits), { ...each, nested: false });
  return Object.fromEntries(permits);
}

function freeName(name: string, taken: ReadonlyMap<string, unknown>): string {
  if (!taken.has(name)) return name;
  for (let number = 2; ; number++) {
    const numbered = `${name.slice(0, 36)}-${number}`;
    if (!taken.has(numbered)) return numbered;
  }
}
