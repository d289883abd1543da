import { posix } from "node:path";

import { type Json, type JsonObject, isJsonObject } from "@keelson/model";

/** Files that Compose has read into the model. Compose 5 still names those of labels, by paths of its folder. */
const readFiles = new Set(["env_file", "label_file"]);

/**
 * The model with paths of the repository relative to the project's folder (`core/conf/core.yml`, `../common/ca.pem`), so that CI
 * and node agree, and without the names of files that are part of it already. Other paths stay, for the gate to judge.
 */
export function relativePaths(
  model: JsonObject,
  { project, repository }: { project: string; repository: string },
): JsonObject {
  // Compose writes every dollar sign twice.
  const from = project.replaceAll("$", "$$$$");
  const top = repository.replaceAll("$", "$$$$");
  const relative = (value: Json): Json => {
    if (typeof value !== "string" || (value !== top && !value.startsWith(`${top}/`))) return value;
    return posix.relative(from, value) || ".";
  };
  return mapEntries(model, (section, key) => {
    if (key === "services") {
      return mapEntries(section, (service) => withRelativeBinds(withoutReadFiles(service), relative));
    }
    if (key !== "secrets" && key !== "configs") return section;
    return mapEntries(section, (source) =>
      mapEntries(source, (value, name) => (name === "file" ? relative(value) : value)),
    );
  });
}

/** Where a value or a key of the model holds a text: the keys that lead there. */
export function* findText(
  text: string,
  { value, path = [] }: { value: Json; path?: readonly string[] },
): Generator<readonly string[]> {
  if (typeof value === "string" && value.includes(text)) yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    // A key with the text in it cannot be shown.
    if (key.includes(text)) yield path;
    else yield* findText(text, { value: item, path: [...path, key] });
  }
}

function withoutReadFiles(service: Json): Json {
  if (!isJsonObject(service)) return service;
  return Object.fromEntries(Object.entries(service).filter(([key]) => !readFiles.has(key)));
}

function withRelativeBinds(service: Json, relative: (value: Json) => Json): Json {
  return mapEntries(service, (value, key) => {
    if (key !== "volumes" || !Array.isArray(value)) return value;
    return value.map((mount) => {
      if (!isJsonObject(mount) || mount["type"] !== "bind") return mount;
      return { ...mount, source: relative(mount["source"] ?? null) };
    });
  });
}

/** The same object with each value replaced; what is not an object stays. */
export function mapEntries(value: JsonObject, replace: (value: Json, key: string) => Json): JsonObject;
export function mapEntries(value: Json, replace: (value: Json, key: string) => Json): Json;
export function mapEntries(value: Json, replace: (value: Json, key: string) => Json): Json {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, key)]));
}
