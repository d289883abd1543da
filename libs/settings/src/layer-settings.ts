import {
  type JsonObject,
  type Located,
  type Problem,
  isJsonObject,
  problemAt,
  sortProblems,
} from "@keelson/model";

import { collectDefaults } from "./defaults.ts";
import type { LayerKind, Origin, SettingsLayer, SettingsOwner } from "./layer.ts";
import { type SettingsSchema, readSchema } from "./schema.ts";
import { type SettingMap, leavesOf, mergeTrees, treeOf, valueOf } from "./setting-tree.ts";
import { costsTooMuch } from "./schema-cost.ts";
import { siftLayer } from "./sift.ts";
import { validateSettings } from "./validation.ts";

/** More than a person writes; the work of a validator grows faster than the lists do. */
const maxSettings = 10_000;

export interface SettingsInput {
  owner: SettingsOwner;
  /** The owner's settings schema; null when it has none. */
  schema: Located<JsonObject> | null;
  /** From the weakest to the strongest: base environments, environment, instance, node. The owner's defaults are the schema's. */
  layers: readonly SettingsLayer[];
}

/** Where a value comes from. */
export interface Provenance {
  layer: LayerKind;
  /** The name of the release, environment, instance or node; a local package by its reference. */
  name: string;
  file: string;
  line: number;
  column: number;
}

export interface LayeredSettings {
  values: JsonObject;
  /** What they would be without any layer; empty for an owner without a schema. */
  defaults: JsonObject;
  /** By path (as `keyPath` writes it) of each value that is no map, and of each empty map. */
  provenance: Record<string, Provenance>;
  /** With problems the values are what remains, and must not be used. */
  problems: Problem[];
}

/**
 * The settings of one owner as its layers make them: maps merge, everything else is replaced as a whole by the
 * stronger layer. All problems at once, each where its value was written. Never throws, changes nothing it is given.
 */
export function layerSettings({ owner, schema, layers }: SettingsInput): LayeredSettings {
  if (schema === null) return withoutSchema(owner.name, layers);
  const read = readSchema(schema);
  if (read.schema === null)
    return { values: {}, defaults: {}, provenance: {}, problems: sortProblems(read.problems) };
  const problems: Problem[] = [];
  const defaults = collectDefaults(read.schema, owner);
  let tree = defaults;
  for (const layer of layers) {
    const sifted = siftLayer(read.schema, layer);
    problems.push(...sifted.problems);
    const merged = mergeTrees(tree, treeOf(sifted.values, layer));
    if (merged.kind === "map") tree = merged;
  }
  problems.push(...checkTree(read.schema, { tree, layers }));
  if (read.schema.budget.steps <= 0) {
    const message = "its patterns take too long to match with these settings";
    return {
      values: {},
      defaults: {},
      provenance: {},
      problems: [problemAt(schema, { code: "K1204", path: "", message })],
    };
  }
  return {
    values: plainValues(tree),
    defaults: plainValues(defaults),
    provenance: provenanceOf(tree),
    problems: sortProblems(problems),
  };
}

/** All that is wrong in a settings schema by itself (K1204). */
export function checkSettingsSchema(schema: Located<JsonObject>): Problem[] {
  return sortProblems(readSchema(schema).problems);
}

function withoutSchema(release: string, layers: readonly SettingsLayer[]): LayeredSettings {
  const problems = layers
    .filter(({ values }) => Object.keys(values).length > 0)
    .map(({ located, path }) => {
      const message = `release \`${release}\` has no settings`;
      const hint = "remove them, or give the release a `settings` schema";
      return problemAt(located, { code: "K1205", path, message, hint });
    });
  return { values: {}, defaults: {}, provenance: {}, problems: sortProblems(problems) };
}

function checkTree(
  schema: SettingsSchema,
  { tree, layers }: { tree: SettingMap; layers: readonly SettingsLayer[] },
): Problem[] {
  const environment = layers.findLast(({ kind }) => kind !== "node");
  const missingAt: Origin = environment ?? tree.origin;
  if (countValues(tree) <= maxSettings) {
    if (!costsTooMuch(schema.root, valueOf(tree))) return validateSettings(schema, { tree, missingAt });
    const message =
      "it takes too long to apply to these settings: too many alternatives for each of too many values";
    return [problemAt(schema.located, { code: "K1204", path: "", message })];
  }
  const message = `more than ${maxSettings} settings, list items included`;
  return [problemAt(missingAt.located, { code: "K1202", path: missingAt.path, message })];
}

function countValues(tree: SettingMap): number {
  let count = 0;
  const open: unknown[] = [valueOf(tree)];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    count++;
    if (Array.isArray(value)) for (const item of value) open.push(item);
    else if (isJsonObject(value)) for (const item of Object.values(value)) open.push(item);
  }
  return count;
}

function plainValues(tree: SettingMap): JsonObject {
  const values = valueOf(tree);
  return isJsonObject(values) ? values : {};
}

function provenanceOf(tree: SettingMap): Record<string, Provenance> {
  if (tree.entries.size === 0) return {};
  const entries = leavesOf(tree).map(({ path, origin }) => {
    const { line, column } = origin.located.positionOf(origin.path);
    return [
      path,
      { layer: origin.kind, name: origin.name, file: origin.located.file, line, column },
    ] as const;
  });
  return Object.fromEntries(entries);
}
