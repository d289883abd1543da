import { type Ask, type GrantKind, Grants, type Policy } from "@keelson/model";

import { isGranted } from "./granted.ts";

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
