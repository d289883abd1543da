import { type Json, isJsonObject } from "@keelson/model";

import { shown } from "./rule.ts";

interface ReferenceBase {
  path: readonly string[];
  code: string;
  hint: string;
}

/** A file that a Compose file names. */
export type FileReference = ReferenceBase &
  (
    | { kind: "refused"; message: string }
    | { kind: "include"; value: Json; first: Json }
    | { kind: "extends"; value: Json }
    | { kind: "env_file" | "label_file"; value: Json; optional: boolean; raw: boolean }
  );

const composeHint =
  "Name a Compose file in the package's own folder, without variables and without a .env beside it.";
const plainHint = "Name a file of the package, or one that package.yaml lists under files (by its to).";

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

function includesOf(include: Json): FileReference[] {
  if (include === null) return [];
  const base = { code: "K1407", hint: composeHint };
  if (!Array.isArray(include))
    return [{ ...base, kind: "refused", path: ["include"], message: "include must be a list" }];
  return include.flatMap((entry, index): FileReference[] => {
    const path = ["include", String(index)];
    if (!isJsonObject(entry)) return [{ ...base, kind: "include", path, value: entry, first: entry }];
    const other = Object.keys(entry).find((key) => key !== "path");
    if (other !== undefined) {
      const message = `${other} of an include reads files or moves paths; only path is permitted`;
      return [{ ...base, kind: "refused", path: [...path, other], message }];
    }
    const value = entry["path"] ?? null;
    if (!Array.isArray(value))
      return [{ ...base, kind: "include", path: [...path, "path"], value, first: value }];
    return value.map((item, position) => ({
      ...base,
      kind: "include" as const,
      path: [...path, "path", String(position)],
      value: item,
      first: value[0] ?? null,
    }));
  });
}

function referencesOfService(name: string, service: { [key: string]: Json }): FileReference[] {
  const at = ["services", name];
  const references: FileReference[] = [];
  const base = service["extends"];
  if (isJsonObject(base) && base["file"] !== undefined && base["file"] !== null) {
    const path = [...at, "extends", "file"];
    references.push({ kind: "extends", code: "K1407", hint: composeHint, path, value: base["file"] });
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
  const base = { code: "K1408", hint: plainHint };
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
