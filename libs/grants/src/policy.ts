import { type Ask, type GrantKind, Grants, type NodeGrants, type Policy } from "@keelson/model";

import { isGranted, isPermitted } from "./granted.ts";

type Allow = NonNullable<Policy["allow"]>;

/** What the environment grants a package: what it grants all of them, and what it grants this one. */
export function grantsFor(allow: Allow | undefined, reference: string): Grants | "all" {
  const parts = ["*", reference].flatMap((key) =>
    Object.hasOwn(allow ?? {}, key) ? [allow?.[key] ?? {}] : [],
  );
  return parts.reduce<Grants | "all">((joined, part) => join(joined, part), {});
}

function join(a: Grants | "all", b: Grants | "all"): Grants | "all" {
  if (a === "all" || b === "all") return "all";
  const joined = grantKinds.map((kind): [GrantKind, unknown] => {
    const [one, other] = [a[kind], b[kind]];
    if (Array.isArray(one) && Array.isArray(other)) return [kind, [...new Set([...one, ...other])]];
    return [kind, one === true || other === undefined ? one : other];
  });
  return Grants.parse(Object.fromEntries(joined.filter(([, value]) => value !== undefined)));
}

const grantKinds = Grants.keyof().options;

/** A grant of the environment that no instance uses. */
export interface UnusedGrant {
  /** The key of `policy.allow`. */
  key: string;
  /** Null for `all`. */
  kind: GrantKind | null;
  /** The entry in the list of that kind, and its position; null for one that is on or off. */
  value: string | null;
  index: number | null;
}

/** Which grants nothing asks for, by what each package asks on all nodes. */
export function findUnused(
  allow: Allow | undefined,
  asks: ReadonlyMap<string, readonly Ask[]>,
): UnusedGrant[] {
  return Object.entries(allow ?? {}).flatMap(([key, grants]): UnusedGrant[] => {
    const asked = key === "*" ? [...asks.values()].flat() : (asks.get(key) ?? []);
    if (grants === "all") return asked.length === 0 ? [{ key, kind: null, value: null, index: null }] : [];
    return grantKinds.flatMap((kind): UnusedGrant[] => {
      const granted = grants[kind];
      const isUsed = (single: Grants) => asked.some((ask) => ask.kind === kind && isGranted(ask, single));
      if (granted === true) return isUsed({ [kind]: true }) ? [] : [{ key, kind, value: null, index: null }];
      return (Array.isArray(granted) ? granted : []).flatMap((entry, index) =>
        isUsed({ [kind]: [entry] }) ? [] : [{ key, kind, value: entry, index }],
      );
    });
  });
}

/** The keys of `policy.allow` that lead to what grants a package an ask, its own before those of all; null for none. */
export function findGrant(
  allow: Allow | undefined,
  { ask, reference }: { ask: Ask; reference: string },
): (string | number)[] | null {
  for (const key of [reference, "*"]) {
    const grants = Object.hasOwn(allow ?? {}, key) ? allow?.[key] : undefined;
    if (grants === undefined || !isGranted(ask, grants)) continue;
    if (grants === "all") return [key];
    const entries = grants[ask.kind];
    const index = Array.isArray(entries)
      ? entries.findIndex((entry) => isGranted(ask, { [ask.kind]: [entry] }))
      : -1;
    return [key, ask.kind, ...(index < 0 ? [] : [index])];
  }
  return null;
}

/** The same of `allow` in agent.yaml, for what a node permits. */
export function findPermit(allow: NodeGrants | "all", ask: Ask): (string | number)[] | null {
  if (ask.kind === "secretEnvironment" || !isPermitted(ask, allow)) return null;
  if (allow === "all") return [];
  const entries = allow[ask.kind];
  if (Array.isArray(entries))
    return [ask.kind, entries.findIndex((entry) => isPermitted(ask, { [ask.kind]: [entry] }))];
  const name = Object.entries(allow.paths ?? {}).find(([key, permit]) =>
    isPermitted(ask, { paths: { [key]: permit } }),
  )?.[0];
  return ask.kind === "paths" && name !== undefined ? ["paths", name] : [ask.kind];
}
