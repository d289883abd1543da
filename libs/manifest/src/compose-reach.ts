import {
  type Json,
  type JsonObject,
  type SourceFile,
  type SourceFiles,
  decodeText,
  fillKnown,
  isJsonObject,
} from "@keelson/model";
import { parseAllDocuments } from "yaml";

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
export function findNamed(
  start: readonly Visit[],
  { files, variables }: { files: SourceFiles; variables: Readonly<Record<string, string>> },
): Set<string> {
  const found = new Set<string>();
  const open = [...start];
  const seen = new Set<string>();
  for (let next = open.pop(); next !== undefined && seen.size < maxFiles; next = open.pop()) {
    const key = `${next.folder}\n${next.path}`;
    const file = files.get(next.path);
    if (file === undefined || seen.has(key)) continue;
    seen.add(key);
    const resolve = (written: Json | undefined) => pathOf(written, { folder: next.folder, variables });
    for (const { kind, path: written, start: named } of namesIn(file)) {
      const path = resolve(kind === "volume" ? sourceOf(written, variables) : written);
      if (path === null || path === "") continue;
      found.add(path);
      const folder = resolve(named?.folder) ?? folderOf(resolve(named?.file) ?? path);
      if (kind === "extended" || kind === "included") open.push({ path, folder });
      if (kind === "included") found.add(joinPath(folder, ".env") ?? path);
    }
  }
  return found;
}

/** Keys without a value in the environments of a file's services. */
export function findValueless(file: SourceFile): string[] {
  // Parsing takes time.
  if (!decodeText(file.bytes).includes("environment")) return [];
  const services = rootsOf(file).flatMap((root) => (isJsonObject(root) ? valuesOf(root["services"]) : []));
  return services.flatMap(({ environment = null }) =>
    isJsonObject(environment)
      ? Object.entries(environment).flatMap(([key, value]) => (value === null ? [key] : []))
      : listOf(environment)
          .filter((entry) => typeof entry === "string" && !entry.includes("="))
          .map(String),
  );
}

interface Named {
  /** `volume`: one in its short form. */
  kind: "extended" | "included" | "plain" | "bound" | "volume";
  path: Json | undefined;
  /** Where relative paths of an included file start: a folder, or beside the first file of the same include. */
  start?: { folder: Json | undefined; file: Json | undefined };
}

/** Parsing takes time, and each step of reading asks for the names of the same files again. */
const known = new WeakMap<Uint8Array, Named[]>();

function namesIn(file: SourceFile): Named[] {
  const names = known.get(file.bytes) ?? rootsOf(file).flatMap(namesOf);
  known.set(file.bytes, names);
  return names;
}

/** Of each YAML document of a file. */
function rootsOf({ bytes }: SourceFile): unknown[] {
  if (bytes.length > maxComposeBytes) return [];
  try {
    const options = { merge: true, uniqueKeys: false, logLevel: "silent" } as const;
    // A file that is not YAML has its problem from the gate, and so has one with too many aliases.
    return [...parseAllDocuments(decodeText(bytes), options)].map((document) => document.toJS() as unknown);
  } catch {
    return [];
  }
}

function namesOf(root: unknown): Named[] {
  if (!isJsonObject(root)) return [];
  return [
    ...listOf(root["include"]).flatMap(includedBy),
    ...valuesOf(root["services"]).flatMap(namedByService),
    ...["configs", "secrets"].flatMap((section) =>
      valuesOf(root[section]).flatMap((each) => named("plain", each["file"])),
    ),
  ];
}

function includedBy(entry: Json): Named[] {
  if (!isJsonObject(entry)) return named("included", entry);
  const paths = listOf(entry["path"]);
  const start = { folder: entry["project_directory"], file: paths[0] };
  return [
    ...paths.map((path): Named => ({ kind: "included", path, start })),
    ...listOf(entry["env_file"]).flatMap((path) => named("plain", path)),
  ];
}

function namedByService(service: JsonObject): Named[] {
  const base = service["extends"] ?? null;
  return [
    ...(isJsonObject(base) ? named("extended", base["file"]) : []),
    ...["env_file", "label_file"].flatMap((key) =>
      listOf(service[key]).flatMap((entry) => named("plain", isJsonObject(entry) ? entry["path"] : entry)),
    ),
    ...listOf(service["volumes"]).flatMap((volume) =>
      isJsonObject(volume) ? named("bound", volume["source"]) : named("volume", volume),
    ),
  ];
}

/** The source of a bind in its short form; a named volume is no path. */
function sourceOf(volume: Json | undefined, variables: Readonly<Record<string, string>>): Json {
  if (typeof volume !== "string") return null;
  const text = volume.startsWith("$") ? (fillKnown(volume, variables) ?? "") : volume;
  return /^\.\.?(?:\/|:|$)/.test(text) ? (text.split(":")[0] ?? null) : null;
}

function named(kind: Named["kind"], path: Json | undefined): Named[] {
  return [{ kind, path }];
}

/** The path in the repository, with variables of `.env` filled in; null for what is none, empty for the whole of it. */
function pathOf(
  written: Json | undefined,
  { folder, variables }: { folder: string; variables: Readonly<Record<string, string>> },
): string | null {
  if (typeof written !== "string") return null;
  const path = fillKnown(written, variables);
  return path === null || /^(?:$|[/~])|[$:\\\0]/.test(path) ? null : resolvePath(folder, path);
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
  return resolvePath(folder, path) || null;
}

function resolvePath(folder: string, path: string): string | null {
  const segments = folder === "" ? [] : folder.split("/");
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.pop() === undefined) return null;
  }
  return segments.join("/");
}
