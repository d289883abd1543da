import {
  compareText,
  isJsonObject,
  keyPath,
  problemAt,
  type Json,
  type JsonObject,
  type Problem,
  hintFor,
  quote,
} from "@keelson/model";

import { type LayerKind, type Segments, type SettingsLayer, originBelow } from "./layer.ts";
import { branchesOf, itemBranches, namedKeys, propertyBranches } from "./schema-walk.ts";
import type { SettingsSchema } from "./schema.ts";
import { entriesOf } from "./setting-tree.ts";

/**
 * What a layer may say, without what it may not: settings that the schema does not know (K1203) and, outside of the
 * environment, settings that it does not open to the layer (K1201).
 */
export function siftLayer(
  schema: SettingsSchema,
  layer: SettingsLayer,
): { values: JsonObject; problems: Problem[] } {
  const sifting: Sifting = {
    schema,
    layer,
    problems: [],
    openPaths: openPaths(schema.root, { kind: layer.kind }),
  };
  const branches = branchesOf(schema.root);
  const open = layer.kind !== "node" || isOpen(branches, layer.kind);
  const values = siftMap(sifting, { value: layer.values, branches, segments: [], open });
  return { values, problems: sifting.problems };
}

interface Sifting {
  schema: SettingsSchema;
  layer: SettingsLayer;
  problems: Problem[];
  /** What the schema opens to the layer, for hints. */
  openPaths: string[];
}

interface Place<V extends Json = Json> {
  value: V;
  /** Schemas about the value. */
  branches: readonly JsonObject[];
  segments: Segments;
  /** The layer may write here and everywhere below. */
  open: boolean;
}

function siftMap(sifting: Sifting, place: Place<JsonObject>): JsonObject {
  const kept: [string, Json][] = [];
  for (const [key, value] of entriesOf(place.value)) {
    const segments = [...place.segments, key];
    const branches = propertyBranches(place.branches, { key, test: sifting.schema.test });
    if (branches === null) {
      refuseUnknown(sifting, { segments, known: namedKeys(place.branches) });
      continue;
    }
    const below: Place = {
      value,
      branches,
      segments,
      open: place.open || isOpen(branches, sifting.layer.kind),
    };
    // Inside a map a deeper key may be open; anything else is written as a whole.
    if (below.open || (isJsonObject(value) && namedKeys(branches).length > 0)) {
      kept.push([key, siftValue(sifting, below)]);
    } else {
      refuseClosed(sifting, segments);
    }
  }
  return Object.fromEntries(kept);
}

function siftValue(sifting: Sifting, place: Place): Json {
  const { value } = place;
  if (isJsonObject(value)) return siftMap(sifting, { ...place, value });
  if (!Array.isArray(value)) return value;
  return value.map((item, index) => {
    const branches = itemBranches(place.branches, index);
    return siftValue(sifting, { ...place, value: item, branches, segments: [...place.segments, index] });
  });
}

function isOpen(branches: readonly JsonObject[], kind: LayerKind): boolean {
  return branches.some(({ "x-override": open }) => Array.isArray(open) && open.includes(kind));
}

function refuseUnknown(sifting: Sifting, { segments, known }: { segments: Segments; known: string[] }): void {
  const { located, path } = originBelow(sifting.layer, segments);
  const message = `unknown setting ${quote(keyPath(segments))}`;
  const hint = hintFor(String(segments.at(-1)), { known, as: "settings here" });
  sifting.problems.push(problemAt(located, { code: "K1203", path, message, hint }));
}

function refuseClosed(sifting: Sifting, segments: Segments): void {
  const { located, path, kind } = originBelow(sifting.layer, segments);
  const message = `a ${kind} may not set ${quote(keyPath(segments))}`;
  const open = sifting.openPaths.join(", ");
  const hint =
    open === "" ? `the schema opens nothing to a ${kind}` : `the schema opens to a ${kind}: ${open}`;
  sifting.problems.push(
    problemAt(located, { code: "K1201", path, message, hint: `${hint}; set it in the environment` }),
  );
}

const maxOpenPaths = 20;

function openPaths(schema: Json, at: { kind: LayerKind; segments?: Segments }): string[] {
  const { kind, segments = [] } = at;
  const branches = branchesOf(schema);
  if (isOpen(branches, kind)) return [segments.length === 0 ? "everything" : keyPath(segments)];
  const properties = branches.flatMap((branch) =>
    isJsonObject(branch["properties"]) ? entriesOf(branch["properties"]) : [],
  );
  const paths = properties.flatMap(([key, inner]) =>
    openPaths(inner, { kind, segments: [...segments, key] }),
  );
  return [...new Set(paths)].sort(compareText).slice(0, maxOpenPaths);
}
