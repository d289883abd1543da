import { InvariantError, type Json, type JsonObject, isJsonObject } from "@keelson/model";

/**
 * The model with paths below the project's folder made relative (`core/conf/core.yml`), so that CI and node agree. Other
 * paths stay, for the gate to refuse. Throws `InvariantError` when the folder is named anywhere else.
 */
export function relativePaths(model: JsonObject, folders: { project: string; root: string }): JsonObject {
  // Compose writes every dollar sign twice.
  const prefix = `${folders.project.replaceAll("$", "$$$$")}/`;
  const relative = (value: Json): Json =>
    typeof value === "string" && value.startsWith(prefix) ? value.slice(prefix.length) : value;
  const result = mapEntries(model, (section, key) => {
    if (key === "services") return mapEntries(section, (service) => withRelativeBinds(service, relative));
    if (key !== "secrets" && key !== "configs") return section;
    return mapEntries(section, (source) =>
      mapEntries(source, (value, name) => (name === "file" ? relative(value) : value)),
    );
  });
  const findRoot = (text: string) => findText(text, { value: result, path: "" });
  const leak = findRoot(folders.root) ?? findRoot(folders.root.replaceAll("$", "$$$$"));
  if (leak !== null)
    throw new InvariantError(`the temporary folder is named in the resolved model at ${leak}`);
  return result;
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

/** Path of the first value or key that holds a text. */
function findText(text: string, { value, path }: { value: Json; path: string }): string | null {
  if (typeof value === "string") return value.includes(text) ? path : null;
  if (typeof value !== "object" || value === null) return null;
  for (const [key, item] of Object.entries(value)) {
    const found = key.includes(text)
      ? `${path}.(key)`
      : findText(text, { value: item, path: path === "" ? key : `${path}.${key}` });
    if (found !== null) return found;
  }
  return null;
}
