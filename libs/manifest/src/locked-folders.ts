import {
  Environment,
  type Json,
  Lock,
  type Discovery,
  type Instance,
  NodeDocument,
  type SourceFiles,
  decodeText,
  folderOfReference,
  isJsonObject,
  isLocalReference,
  namePattern,
  versionPattern,
} from "@keelson/model";

import { baseOf, findFolders } from "./discovered-folder.ts";
import { readDocument } from "./document-check.ts";
import { parseDocument } from "./document.ts";
import { maxDocumentsBytes } from "./document-budget.ts";
import { type Variables, findKnownSettings } from "./known-setting.ts";

/**
 * Path prefixes such as `releases/pryv/1.9.2/` of the releases that the environment's lock names: all that a
 * node needs to read besides the environments. A broken lock gives the releases that can be read.
 */
export function findLockedFolders(environmentFiles: SourceFiles, environment: string): string[] {
  const lock = documentValue(environmentFiles, {
    path: `environments/${environment}/lock.yaml`,
    schema: Lock,
  });
  const releases = isJsonObject(lock) ? lock["releases"] : null;
  if (!isJsonObject(releases)) return [];
  return Object.entries(releases).flatMap(([name, locked]) => {
    const version = isJsonObject(locked) ? locked["version"] : null;
    // The names become paths that are read from Git.
    if (typeof version !== "string" || !versionPattern.test(version) || !namePattern.test(name)) return [];
    return [`releases/${name}/${version}/`];
  });
}

/**
 * Path prefixes such as `environments/base/` of an environment and of all that it extends, itself last: all that its nodes
 * need, whatever is wrong in other environments. Broken documents end the chain, and so do documents that are too large for
 * `readRepository`.
 */
export function findEnvironmentFolders(environmentFiles: SourceFiles, environment: string): string[] {
  const names: string[] = [];
  let bytes = 0;
  for (let next: Json | undefined = environment; typeof next === "string";) {
    if (!namePattern.test(next) || names.includes(next)) break;
    names.unshift(next);
    const path = `environments/${next}/environment.yaml`;
    bytes += environmentFiles.get(path)?.bytes.byteLength ?? 0;
    if (bytes > maxDocumentsBytes) break;
    const document = documentValue(environmentFiles, { path, schema: Environment });
    next = isJsonObject(document) ? document["extends"] : undefined;
  }
  return names.map((name) => `environments/${name}/`);
}

/** What environments say of local packages, before any of their folders is read. */
export interface LocalNames {
  /** The folders that `discover` looks in, each with a `/` at its end; empty for the top of the repository. */
  listed: string[];
  /** The folders of local packages, once the listed paths are known. */
  foldersIn: (paths: readonly string[]) => string[];
  /** The variables that settings give the instances of a folder. */
  settingsOf: (folder: string) => Variables[];
}

/** What the environments among the files say of local packages; broken documents say what can be read. */
export function findLocalNames(environmentFiles: SourceFiles): LocalNames {
  const folders = new Set<string>();
  const discoveries: Discovery[] = [];
  const instances: [string, Instance][] = [];
  for (const file of environmentFiles.values()) {
    if (!/^environments\/[^/]+\/environment\.yaml$/.test(file.path)) continue;
    // Most environments of a large fleet have none, and parsing takes time.
    if (!/\.\/|discover/.test(decodeText(file.bytes))) continue;
    const environment = readDocument(file, Environment).value?.value;
    discoveries.push(...(environment?.discover ?? []));
    instances.push(...Object.entries(environment?.instances ?? {}));
    for (const { package: reference, state } of Object.values(environment?.instances ?? {})) {
      if (isLocalReference(reference) && state !== "absent") folders.add(folderOfReference(reference));
    }
  }
  return {
    listed: [...new Set(discoveries.map(baseOf))],
    foldersIn: (paths) => [
      ...new Set([...folders, ...discoveries.flatMap((entry) => findFolders(entry, paths))]),
    ],
    settingsOf: findKnownSettings({
      instances,
      nodes: folders.size + discoveries.length === 0 ? [] : nodesIn(environmentFiles),
    }),
  };
}

/** Those that say something special to an instance. */
function nodesIn(environmentFiles: SourceFiles): NodeDocument[] {
  return [...environmentFiles.values()]
    .filter(({ path }) => /^environments\/[^/]+\/nodes\/[^/]+\.yaml$/.test(path))
    .filter(({ bytes }) => decodeText(bytes).includes("instances"))
    .flatMap((file) => readDocument(file, NodeDocument).value?.value ?? []);
}

/** As `readRepository` takes the document; where that can make nothing of it, what its text says all the same. */
function documentValue(
  files: SourceFiles,
  { path, schema }: { path: string; schema: typeof Lock | typeof Environment },
): unknown {
  const file = files.get(path);
  if (file === undefined) return null;
  const { value } = readDocument<Lock | Environment>(file, schema);
  return value?.value ?? parseDocument(file).document?.value ?? null;
}
