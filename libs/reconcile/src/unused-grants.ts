import { type UnusedGrant, findUnused } from "@keelson/grants";
import {
  type Ask,
  type DesiredNode,
  type Problem,
  type Repository,
  keyPath,
  problemAt,
  quote,
} from "@keelson/model";

/**
 * K1461 for each grant that nothing uses on any node of the environment in which it stands. Of an environment in which a node
 * has no desired state nothing is said: what it would use is not known.
 */
export function findUnusedGrants(
  { environments }: Repository,
  desired: readonly { environment: string; desired: DesiredNode | null }[],
): Problem[] {
  return [...Map.groupBy(desired, ({ environment }) => environment)].flatMap(([name, nodes]) => {
    const layer = environments.get(name)?.layers.at(-1);
    const known = nodes.flatMap((node) => (node.desired === null ? [] : [node.desired]));
    if (layer === undefined || known.length < nodes.length) return [];
    return findUnused(layer.value.policy.allow, usesOf(known)).map((unused) =>
      problemAt(layer, {
        code: "K1461",
        path: placeOf(unused),
        message: `nothing uses the grant ${describe(unused)}`,
        hint: "Remove it: what is not asked for today is a surprise tomorrow.",
      }),
    );
  });
}

function usesOf(nodes: readonly DesiredNode[]): Map<string, Ask[]> {
  const instances = nodes.flatMap((node) => node.instances);
  const byPackage = Map.groupBy(instances, (instance) => instance.package.reference);
  return new Map(
    [...byPackage].map(([reference, same]) => [reference, same.flatMap(({ grants }) => grants)]),
  );
}

function placeOf({ key, kind, index }: UnusedGrant): string {
  return keyPath([
    "policy",
    "allow",
    key,
    ...(kind === null ? [] : [kind]),
    ...(index === null ? [] : [index]),
  ]);
}

function describe({ key, kind, value }: UnusedGrant): string {
  const what = kind === null ? "of everything" : value === null ? kind : `${kind} ${quote(value)}`;
  return key === "*" ? `${what} to all packages` : `${what} to ${key}`;
}
