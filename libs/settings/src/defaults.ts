import { isJsonObject, type JsonObject } from "@keelson/model";

import { originBelow, type Origin, type SettingsOwner } from "./layer.ts";
import { certainBranchesOf, namedKeys } from "./schema-walk.ts";
import type { SettingsSchema } from "./schema.ts";
import { mergeTrees, treeOf, type SettingMap, type SettingTree } from "./setting-tree.ts";

/** The `default`s of a schema as the lowest layer: those of inner properties under a map's own. */
export function collectDefaults(schema: SettingsSchema, owner: SettingsOwner): SettingMap {
  const origin: Origin = { ...owner, located: schema.located, path: "" };
  const found = defaultsOf({ schema, origin }, schema.root);
  return found?.kind === "map" ? found : { kind: "map", entries: new Map(), origin };
}

function defaultsOf(
  from: { schema: SettingsSchema; origin: Origin },
  part: JsonObject,
): SettingTree | undefined {
  const branches = certainBranchesOf(part);
  const at = (branch: JsonObject): Origin => ({ ...from.origin, path: from.schema.pathOf(branch) });
  const inner: SettingMap = { kind: "map", entries: new Map(), origin: at(part) };
  for (const key of namedKeys(branches)) {
    const found = branches
      .flatMap(({ properties }) =>
        isJsonObject(properties) && Object.hasOwn(properties, key) ? [properties[key]] : [],
      )
      .flatMap((property) => (isJsonObject(property) ? [defaultsOf(from, property)] : []))
      .find((tree) => tree !== undefined);
    if (found !== undefined) inner.entries.set(key, found);
  }
  const own = branches.find((branch) => branch["default"] !== undefined);
  if (own === undefined) return inner.entries.size === 0 ? undefined : inner;
  const origin = originBelow(at(own), ["default"]);
  return mergeTrees(inner, treeOf(own["default"] ?? null, origin));
}
