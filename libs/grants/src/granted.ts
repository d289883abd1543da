import {
  type Ask,
  type GrantKind,
  type Grants,
  type NodeGrants,
  type PermittedPath,
  isInside,
  parseSubnet,
} from "@keelson/model";

import { grantPath, isBelow } from "./host-path.ts";
import { deviceRuleOf } from "./device.ts";
import { capabilityOf } from "./kernel.ts";
import { pluginOf } from "./plugin.ts";
import { coversOption } from "./security-option.ts";
import { loggingAddressOf } from "./logging.ts";
import { mountOf } from "./volume-options.ts";

/** Whether an entry of `allow` covers what is asked. Kinds that are on or off have no entries. */
const covers: Partial<Record<GrantKind, (granted: string, asked: string) => boolean>> = {
  paths: (granted, asked) => isBelow(asked, grantPath(granted)),
  devices: (granted, asked) => isBelow(asked, grantPath(granted)),
  deviceRules: (granted, asked) => deviceRuleOf(granted) === asked,
  // Who may have all of them may have each.
  capabilities: (granted, asked) => ["ALL", asked].includes(capabilityOf(granted)),
  sysctls: (granted, asked) =>
    granted.endsWith("*") ? asked.startsWith(granted.slice(0, -1)) : granted === asked,
  securityOptions: coversOption,
  mounts: (granted, asked) => isBelow(asked, mountOf(granted)),
  networkDrivers: (granted, asked) => pluginOf(granted) === asked,
  volumeDrivers: (granted, asked) => pluginOf(granted) === asked,
  subnets: (granted, asked) => {
    const [outer, inner] = [parseSubnet(granted), parseSubnet(asked)];
    return outer !== null && inner !== null && isInside(inner, outer);
  },
  loggingAddresses: (granted, asked) => loggingAddressOf(granted) === asked,
};

function isCovered(ask: Ask, granted: boolean | readonly string[] | undefined): boolean {
  if (typeof granted === "boolean" || granted === undefined) return granted === true;
  const isSame = covers[ask.kind] ?? ((entry, asked) => entry === asked);
  return granted.some((entry) => isSame(entry, ask.value));
}

/**
 * Whether the environment's grants cover what is asked. A path by name covers an absolute one as far as the environment can
 * tell: only the node knows whether it lies below the path of that name.
 */
export function isGranted(ask: Ask, grants: Grants | "all"): boolean {
  if (grants === "all" || isCovered(ask, grants[ask.kind])) return true;
  return ask.kind === "paths" && ask.value.startsWith("/") && namesIn(grants).length > 0;
}

/** The ask with the entries by which the environment grants it, where it grants an absolute path by names alone. */
export function withNames(ask: Ask, grants: Grants | "all"): Ask {
  if (grants === "all" || ask.kind !== "paths" || isCovered(ask, grants.paths)) return ask;
  return { ...ask, names: namedPaths(grants) };
}

/** Names of the node's paths that a package may use. */
export function namesIn(grants: Grants): string[] {
  return [...new Set(namedPaths(grants).map(firstSegment))];
}

/** `media`, or `media/films` for no more than what is below it. */
function namedPaths({ paths = [] }: Grants): string[] {
  return paths.filter((path) => !path.startsWith("/"));
}

/** Whether the node permits what is asked, as far as that can be told without its disk: links are resolved elsewhere. */
export function isPermitted(ask: Ask, grants: NodeGrants | "all" | undefined): boolean {
  // It gives away nothing of the node.
  if (grants === "all" || ask.kind === "secretEnvironment") return true;
  if (grants === undefined) return false;
  return ask.kind === "paths" ? permittedPaths(ask, grants).length > 0 : isCovered(ask, grants[ask.kind]);
}

/** The node's paths that permit a path: those above it by whole segments, writable where it is written. */
export function permittedPaths(ask: Ask, grants: NodeGrants): PermittedPath[] {
  const path = hostPathOf(ask, grants);
  if (path === null) return [];
  const all = Object.values(grants.paths ?? {});
  return pathsFor(ask, grants)
    .filter((permitted) => isBelow(path, permitted.path))
    .filter((permitted) => ask.readOnly === true || isWritableIn(path, { permitted, all }));
}

/**
 * The node's paths that count for what is asked, wherever it lies: that of its name, or those by which the environment grants
 * an absolute one, as far as it names them.
 */
export function pathsFor({ kind, value, names }: Ask, { paths = {} }: NodeGrants): PermittedPath[] {
  const isNamed = kind === "paths" && !value.startsWith("/");
  const entries = isNamed ? [firstSegment(value)] : kind === "paths" ? names : undefined;
  if (entries === undefined) return Object.values(paths);
  return entries.flatMap((entry) => {
    const name = firstSegment(entry);
    const permitted = Object.hasOwn(paths, name) ? paths[name] : undefined;
    if (permitted === undefined || entry.split("/").includes("..")) return [];
    return [{ ...permitted, path: grantPath(`${permitted.path}${entry.slice(name.length)}`) }];
  });
}

/** Of paths in each other the innermost says whether it may be written, also where it has not been asked for by its name. */
export function isWritableIn(
  path: string,
  { permitted, all }: { permitted: PermittedPath; all: readonly PermittedPath[] },
): boolean {
  const isFurtherIn = ({ path: inner }: PermittedPath) =>
    inner !== permitted.path && isBelow(inner, permitted.path) && isBelow(path, inner);
  return !permitted.readOnly && !all.some((each) => each.readOnly && isFurtherIn(each));
}

/** The absolute path that is asked for on this node; null where the node has no path of that name. */
export function hostPathOf({ value }: Ask, { paths = {} }: NodeGrants): string | null {
  if (value.startsWith("/")) return value;
  const name = firstSegment(value);
  const named = Object.hasOwn(paths, name) ? paths[name] : undefined;
  return named === undefined ? null : grantPath(`${named.path}${value.slice(name.length)}`);
}

function firstSegment(path: string): string {
  return path.split("/")[0] ?? "";
}
