import { type ComposeModel, type Json, type JsonObject, isJsonObject } from "@keelson/model";

import { mapEntries } from "./model-paths.ts";
import { isRenewing } from "./rules/policy.ts";

/** Keys that Compose prints and no container has. */
const leftOut = new Set(["profiles"]);
const sections = ["services", "networks", "volumes", "secrets", "configs"] as const;

/**
 * The one form of a resolved model: no nulls, no empty mappings, keys in order, every bind with
 * `create_host_path: false`. Equal input gives equal JSON text. Dollar signs stay doubled.
 */
export function normalModel(resolved: JsonObject): JsonObject {
  const model: JsonObject = { name: resolved["name"] ?? null };
  for (const section of sections) {
    model[section] = mapEntries(
      resolved[section] ?? {},
      section === "services" ? normalService : normalEntity,
    );
  }
  return sorted(model);
}

/** Whether a model has the parts that Keelson reads; the gate has judged its keys and Compose the shape of its values. */
export function isComposeModel(model: unknown): model is ComposeModel {
  return (
    isJsonObject(model) &&
    typeof model["name"] === "string" &&
    sections.every((key) => isJsonObject(model[key]))
  );
}

function normalService(value: Json): Json {
  if (!isJsonObject(value)) return value;
  const kept = mapEntries(value, (item, key) => {
    if (leftOut.has(key) || key.startsWith("x-")) return null;
    if (key === "pull_policy" && isRenewing(item)) return null;
    return key === "volumes" && Array.isArray(item) ? item.map((mount) => withOwnSource(mount)) : item;
  });
  const networks = value["networks"];
  // A network's name alone is the membership, so an empty entry is not nothing.
  if (!isJsonObject(networks)) return compact(kept) ?? {};
  return { ...compact(kept), networks: mapEntries(networks, (item) => compactValue(item)) };
}

function normalEntity(value: Json): Json {
  if (!isJsonObject(value)) return value;
  return compact(mapEntries(value, (item, key) => (key.startsWith("x-") ? null : item))) ?? {};
}

/** A missing source must fail: Compose would make a folder in its place. */
function withOwnSource(mount: Json): Json {
  if (!isJsonObject(mount) || mount["type"] !== "bind") return mount;
  const bind = isJsonObject(mount["bind"]) ? mount["bind"] : {};
  return { ...mount, bind: { ...bind, create_host_path: false } };
}

/** Without nulls and empty mappings; null when nothing is left. */
function compact(value: JsonObject): JsonObject | null {
  const entries = Object.entries(value)
    .map(([key, item]): [string, Json] => [key, compactValue(item)])
    .filter(([, item]) => item !== null);
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

/** Lists stay, also empty ones: an empty `entrypoint` takes the image's away. */
function compactValue(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => compactValue(item));
  return isJsonObject(value) ? compact(value) : value;
}

function sorted(value: JsonObject): JsonObject;
function sorted(value: Json): Json;
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => sorted(item));
  if (!isJsonObject(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]));
}
