import {
  type Json,
  type JsonObject,
  type SettingChange,
  canonicalText,
  compareText,
  isJsonObject,
  keyPath,
} from "@keelson/model";

import type { LayeredSettings } from "./layer-settings.ts";
import type { Segments } from "./layer.ts";

/**
 * What two revisions have differently in the settings of one instance, by path: values that change, and values that stay while
 * the default below them changes. Both must be without problems.
 */
export function compareSettings(before: LayeredSettings, after: LayeredSettings): SettingChange[] {
  const values = { before: valuesByPath(before.values), after: valuesByPath(after.values) };
  const defaults = { before: valuesByPath(before.defaults), after: valuesByPath(after.defaults) };
  const paths = new Set([...values.before.keys(), ...values.after.keys()]);
  return [...paths].toSorted(compareText).flatMap((path) => {
    const value = changeOf(values, path);
    const byDefault = changeOf(defaults, path);
    const now = values.after.get(path);
    const kept = byDefault.isChanged && now !== undefined && !isEqual(now, defaults.after.get(path));
    if (!value.isChanged && !kept) return [];
    const from = after.provenance[path];
    return [
      {
        path,
        ...value.sides,
        ...(kept ? { default: byDefault.sides } : {}),
        ...(from === undefined
          ? {}
          : { from: { layer: from.layer, name: from.name, file: from.file, line: from.line } }),
      },
    ];
  });
}

type Values = ReadonlyMap<string, Json>;

function changeOf(
  { before, after }: { before: Values; after: Values },
  path: string,
): { isChanged: boolean; sides: { before?: Json; after?: Json } } {
  const [old, now] = [before.get(path), after.get(path)];
  const sides = {
    ...(old === undefined ? {} : { before: old }),
    ...(now === undefined ? {} : { after: now }),
  };
  return { isChanged: !isEqual(old, now), sides };
}

function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return canonicalText(a) === canonicalText(b);
}

/** Every value that is no map, and every empty map, by its path: what provenance has. */
function valuesByPath(values: JsonObject): Map<string, Json> {
  const found = new Map<string, Json>();
  const collect = (value: Json, segments: Segments) => {
    const entries = isJsonObject(value) ? Object.entries(value) : [];
    if (entries.length === 0 && segments.length > 0) found.set(keyPath(segments), value);
    for (const [key, item] of entries) collect(item, [...segments, key]);
  };
  collect(values, []);
  return found;
}
