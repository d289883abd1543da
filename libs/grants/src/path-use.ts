import { type Ask, type NodeGrants, compareText } from "@keelson/model";

import { permittedPaths } from "./granted.ts";
import { isBelow } from "./host-path.ts";

/** A path of the host that a node permits, and for whom. */
export interface PathUse {
  /** In `allow.paths`. */
  name: string;
  path: string;
  readOnly: boolean;
  /** Who binds it, or what is below it. */
  users: { user: string; readOnly: boolean }[];
  /** Binds below what another user writes: a plan blocks both (K3064) until a person says what is meant. */
  nested: { user: string; path: string; writer: string; below: string }[];
}

/** Who uses the paths that a node permits by name: absolute ones, as they are asked for by each user. */
export function findPathUses(
  asks: ReadonlyMap<string, readonly Ask[]>,
  { paths = {} }: NodeGrants,
): PathUse[] {
  const binds = [...asks].flatMap(([user, own]) =>
    own
      .filter(({ kind, value }) => kind === "paths" && value.startsWith("/"))
      .map((ask): Bind => ({ user, ask, permittedBy: nearest(ask, { paths }) })),
  );
  return Object.entries(paths).map(([name, { path, readOnly }]) => {
    const own = binds.filter(({ permittedBy }) => permittedBy === path);
    const users = new Map(
      own.map(({ user, ask }) => [`${user}\n${ask.readOnly}`, describeUser({ user, ask })]),
    );
    return {
      name,
      path,
      readOnly,
      users: [...users.values()],
      nested: own.flatMap((bind) => nestedIn(bind, binds)),
    };
  });
}

interface Bind {
  user: string;
  ask: Ask;
  permittedBy: string;
}

function describeUser({ user, ask }: Pick<Bind, "user" | "ask">): PathUse["users"][number] {
  return { user, readOnly: ask.readOnly === true };
}

/** The path that permits it and no more: the longest, since each of them would do. */
function nearest(ask: Ask, grants: NodeGrants): string {
  const found = permittedPaths(ask, grants).map(({ path }) => path);
  return found.sort((a, b) => b.length - a.length || compareText(a, b))[0] ?? "";
}

function nestedIn({ user, ask }: Bind, binds: readonly Bind[]): PathUse["nested"] {
  const outer = binds.find(
    (each) =>
      each.ask.readOnly !== true && each.ask.value !== ask.value && isBelow(ask.value, each.ask.value),
  );
  return outer === undefined ? [] : [{ user, path: ask.value, writer: outer.user, below: outer.ask.value }];
}
