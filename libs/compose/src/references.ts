import { type Json, isJsonObject } from "@keelson/model";

import { shown } from "./rule.ts";

interface ReferenceBase {
  path: readonly string[];
  code: "K1407" | "K1408";
}

/** A file that an include names. */
export interface IncludeReference extends ReferenceBase {
  kind: "include";
  value: Json;
  /** The first file of the same include. */
  first: Json;
  projectFolder: Json;
  dotenv: readonly Json[];
  /** A key of the include beside `path`, and where it stands; null when there is none. */
  other: { key: string; path: readonly string[] } | null;
}

export interface ExtendsReference extends ReferenceBase {
  kind: "extends";
  value: Json;
}

export interface PlainReference extends ReferenceBase {
  kind: "env_file" | "label_file";
  value: Json;
  optional: boolean;
  raw: boolean;
}

/** A file that a Compose file names. */
export type FileReference =
  | (ReferenceBase & { kind: "refused"; message: string })
  | IncludeReference
  | ExtendsReference
  | PlainReference;

/** All files that a Compose file names, in the order of the file (Compose specification: include, extends, env_file). */
export function referencesOf(root: Json): FileReference[] {
  if (!isJsonObject(root)) return [];
  const services = isJsonObject(root["services"]) ? Object.entries(root["services"]) : [];
  return [
    ...includesOf(root["include"] ?? null),
    ...services.flatMap(([name, service]) =>
      isJsonObject(service) ? referencesOfService(name, service) : [],
    ),
  ];
}

const includeKeys = ["path", "project_directory", "env_file"];

function includesOf(include: Json): FileReference[] {
  if (include === null) return [];
  const code = "K1407";
  if (!Array.isArray(include))
    return [{ code, kind: "refused", path: ["include"], message: "include must be a list" }];
  return include.flatMap((entry, index): FileReference[] => {
    const path = ["include", String(index)];
    const plain = { code, kind: "include", projectFolder: null, dotenv: [], other: null } as const;
    if (!isJsonObject(entry)) return [{ ...plain, path, value: entry, first: entry }];
    const unknown = Object.keys(entry).find((key) => !includeKeys.includes(key));
    if (unknown !== undefined) {
      const message = `an include has no key ${unknown}`;
      return [{ code, kind: "refused", path: [...path, unknown], message }];
    }
    const other = Object.keys(entry).find((key) => key !== "path");
    const reference = {
      ...plain,
      projectFolder: entry["project_directory"] ?? null,
      dotenv: listOf(entry["env_file"] ?? null),
      other: other === undefined ? null : { key: other, path: [...path, other] },
    };
    const value = entry["path"] ?? null;
    if (!Array.isArray(value)) return [{ ...reference, path: [...path, "path"], value, first: value }];
    return value.map((item, position) => ({
      ...reference,
      path: [...path, "path", String(position)],
      value: item,
      first: value[0] ?? null,
    }));
  });
}

function listOf(value: Json): Json[] {
  if (value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function referencesOfService(name: string, service: { [key: string]: Json }): FileReference[] {
  const at = ["services", name];
  const references: FileReference[] = [];
  const base = service["extends"];
  if (isJsonObject(base) && base["file"] !== undefined && base["file"] !== null) {
    const path = [...at, "extends", "file"];
    references.push({ kind: "extends", code: "K1407", path, value: base["file"] });
  }
  for (const kind of ["env_file", "label_file"] as const) {
    const value = service[kind] ?? null;
    if (!Array.isArray(value)) {
      if (value !== null) references.push(plainReference(kind, { entry: value, path: [...at, kind] }));
      continue;
    }
    for (const [index, entry] of value.entries()) {
      references.push(plainReference(kind, { entry, path: [...at, kind, String(index)] }));
    }
  }
  return references;
}

function plainReference(
  kind: "env_file" | "label_file",
  { entry, path }: { entry: Json; path: readonly string[] },
): FileReference {
  const base = { code: "K1408" } as const;
  if (!isJsonObject(entry)) return { ...base, kind, path, value: entry, optional: false, raw: false };
  const format = entry["format"] ?? null;
  if (format !== null && format !== "raw") {
    const message = `the format ${shown(format)} is not known, so what it reads cannot be judged`;
    return { ...base, kind: "refused", path: [...path, "format"], message };
  }
  const optional = entry["required"] === false || entry["required"] === "false";
  return {
    ...base,
    kind,
    path: [...path, "path"],
    value: entry["path"] ?? null,
    optional,
    raw: format === "raw",
  };
}
