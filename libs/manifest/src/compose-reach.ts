import { type Json, type JsonObject, type SourceFile, decodeText, isJsonObject } from "@keelson/model";
import { parseDocument } from "yaml";

/** A larger Compose file is refused by the gate, and parsing takes time. */
const maxComposeBytes = 128 * 1024;

/** As many files as the gate lets take part. */
const maxFiles = 32;

interface Visit {
  /** Path in the repository. */
  path: string;
  /** Where its relative paths start. */
  folder: string;
}

/**
 * Paths of the repository, of files or of folders, that Compose files name: by `extends`, `include`, `env_file`, `label_file`,
 * `configs`, `secrets` and binds. What is not among the files is named, and not followed further.
 */
export function findNamed(start: readonly Visit[], files: ReadonlyMap<string, SourceFile>): Set<string> {
  const found = new Set<string>();
  const open = [...start];
  const seen = new Set<string>();
  for (let next = open.pop(); next !== undefined && seen.size < maxFiles; next = open.pop()) {
    const key = `${next.folder}\n${next.path}`;
    const file = files.get(next.path);
    if (file === undefined || seen.has(key)) continue;
    seen.add(key);
    for (const { kind, path: written } of namesOf(rootOf(file))) {
      const path = joinPath(next.folder, written);
      if (path === null) continue;
      found.add(path);
      if (kind === "extended" || kind === "included") open.push({ path, folder: folderOf(path) });
      if (kind === "included") found.add(joinPath(folderOf(path), ".env") ?? path);
    }
  }
  return found;
}

interface Named {
  kind: "extended" | "included" | "plain" | "bound";
  path: string;
}

function rootOf({ bytes }: SourceFile): unknown {
  if (bytes.length > maxComposeBytes) return null;
  try {
    const options = { merge: true, uniqueKeys: false, logLevel: "silent" } as const;
    // A file that is not YAML has its problem from the gate, and so has one with too many aliases.
    return parseDocument(decodeText(bytes), options).toJS();
  } catch {
    return null;
  }
}

function namesOf(root: unknown): Named[] {
  if (!isJsonObject(root)) return [];
  return [
    ...listOf(root["include"]).flatMap(includedBy),
    ...valuesOf(root["services"]).flatMap(namedByService),
    ...["configs", "secrets"].flatMap((section) =>
      valuesOf(root[section]).flatMap((each) => pathOf("plain", each["file"])),
    ),
  ];
}

function includedBy(entry: Json): Named[] {
  if (!isJsonObject(entry)) return pathOf("included", entry);
  return [
    ...listOf(entry["path"]).flatMap((path) => pathOf("included", path)),
    ...listOf(entry["env_file"]).flatMap((path) => pathOf("plain", path)),
  ];
}

function namedByService(service: JsonObject): Named[] {
  const base = service["extends"] ?? null;
  return [
    ...(isJsonObject(base) ? pathOf("extended", base["file"]) : []),
    ...["env_file", "label_file"].flatMap((key) =>
      listOf(service[key]).flatMap((entry) => pathOf("plain", isJsonObject(entry) ? entry["path"] : entry)),
    ),
    ...listOf(service["volumes"]).flatMap((volume) =>
      pathOf("bound", isJsonObject(volume) ? volume["source"] : sourceOf(volume)),
    ),
  ];
}

/** The source of a bind in its short form; a named volume is no path. */
function sourceOf(volume: Json): Json {
  return typeof volume === "string" && /^\.\.?(?:\/|:|$)/.test(volume)
    ? (volume.split(":")[0] ?? null)
    : null;
}

function pathOf(kind: Named["kind"], path: Json | undefined): Named[] {
  const isLocal = typeof path === "string" && !/^(?:$|[/~])|[$:\\\0]/.test(path);
  return isLocal ? [{ kind, path }] : [];
}

function valuesOf(section: Json | undefined): JsonObject[] {
  return isJsonObject(section) ? Object.values(section).filter(isJsonObject) : [];
}

function listOf(value: Json | undefined): Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

export function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

/** A path from a folder of the repository, in its shortest form; null for one that leaves the repository, or is the whole of it. */
export function joinPath(folder: string, path: string): string | null {
  const segments = folder === "" ? [] : folder.split("/");
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.pop() === undefined) return null;
  }
  return segments.length === 0 ? null : segments.join("/");
}
