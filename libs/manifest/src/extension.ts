import {
  compareText,
  problemAt,
  type Environment,
  type EnvironmentFolder,
  type Located,
  type Policy,
  type Problem,
  hintFor,
  quote,
  ownOf,
} from "@keelson/model";

import { type Discovered, discoverInstances } from "./discovery.ts";
import type { EnvironmentDocuments } from "./environment-folder.ts";

type AllDocuments = ReadonlyMap<string, EnvironmentDocuments>;

/**
 * Merges each environment over what it extends, with the instances that are discovered among the listed paths; one whose chain
 * cannot be read is left out.
 */
export function extendEnvironments(
  all: AllDocuments,
  listed: readonly string[],
): {
  environments: Map<string, EnvironmentFolder>;
  problems: Problem[];
} {
  const environments = new Map<string, EnvironmentFolder>();
  const problems: Problem[] = [];
  for (const [name, documents] of all) {
    const chain = findLayers(name, all);
    problems.push(...chain.problems);
    const discovered = discoverInstances(chain.layers, listed);
    const environment = mergeLayers(discovered);
    if (environment === null) continue;
    problems.push(...discovered.problems);
    const { folder, lock, nodes, sealed, composeOverrides, sealedInstances } = documents;
    environments.set(name, {
      folder,
      environment,
      layers: discovered.layers,
      unnamed: discovered.unnamed,
      lock,
      nodes,
      sealed,
      composeOverrides,
      sealedInstances,
    });
  }
  return { environments, problems };
}

/** The environment and what it extends, furthest first; no layers when one of them cannot be read. */
function findLayers(
  name: string,
  all: AllDocuments,
): { layers: Located<Environment>[]; problems: Problem[] } {
  const layers: Located<Environment>[] = [];
  const names: string[] = [];
  for (let next = name; !names.includes(next);) {
    const document = all.get(next)?.environment ?? null;
    const above = layers[0];
    if (!all.has(next) && above !== undefined) return { layers: [], problems: [unknownBase(above, all)] };
    if (document === null) return { layers: [], problems: [] };
    layers.unshift(document);
    names.push(next);
    if (document.value.extends === undefined) return { layers, problems: [] };
    next = document.value.extends;
    if (next === name) return { layers: [], problems: cycleProblems(document, names) };
  }
  return { layers: [], problems: [] };
}

function unknownBase(document: Located<Environment>, all: AllDocuments): Problem {
  const base = document.value.extends ?? "";
  return problemAt(document, {
    code: "K1110",
    path: "extends",
    message: `there is no environment ${quote(base)}`,
    hint: hintFor(base, {
      known: [...all.keys()].filter((name) => name !== document.value.name),
      as: "environments",
    }),
    part: "value",
  });
}

/** Said once, by the first name of the cycle. `document` is the one that closes it. */
function cycleProblems(document: Located<Environment>, names: readonly string[]): Problem[] {
  const [first = ""] = names;
  if (names.some((name) => compareText(name, first) < 0)) return [];
  const message = `these environments extend each other: ${[...names, first].join(" → ")}`;
  return [
    problemAt(document, {
      code: "K1112",
      path: "extends",
      message,
      hint: "remove one `extends`",
      part: "value",
    }),
  ];
}

/** Releases, instances, policy and what else has names key by key, the later layer winning; settings stay in their layers. */
function mergeLayers({ layers, defaults }: Discovered): Located<Environment> | null {
  const last = layers.at(-1);
  if (last === undefined) return null;
  const values = layers.map(({ value }) => value);
  const instances: Environment["instances"] = Object.assign({}, ...values.map((each) => each.instances));
  for (const [name, fields] of defaults) {
    const listed = ownOf(instances, name);
    if (listed !== undefined) instances[name] = { ...fields, ...listed };
  }
  const value: Environment = {
    ...last.value,
    releases: Object.assign({}, ...values.map(({ releases }) => releases)),
    instances,
    ...(values.some(({ images }) => images !== undefined)
      ? { images: Object.assign({}, ...values.map(({ images }) => images)) }
      : {}),
    ...(values.some(({ networks }) => networks !== undefined)
      ? { networks: Object.assign({}, ...values.map(({ networks }) => networks)) }
      : {}),
    policy: mergePolicies(values.map(({ policy }) => policy)),
  };
  return { ...last, value };
}

/** Grants have names too: a layer that grants something to one package leaves those of others. */
function mergePolicies(policies: readonly Policy[]): Policy {
  const policy: Policy = Object.assign({}, ...policies);
  if (policy.allow === undefined) return policy;
  return { ...policy, allow: Object.assign({}, ...policies.map(({ allow }) => allow)) };
}
