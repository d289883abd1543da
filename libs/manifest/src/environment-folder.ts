import {
  Environment,
  Lock,
  namePattern,
  NodeDocument,
  problemAt,
  problemOf,
  type Located,
  type Problem,
  type SealedFile,
  sealedSecretsFile,
  type SourceFile,
  suggestName,
  quote,
} from "@keelson/model";

import { readDocument } from "./document-check.ts";
import { checkEnvironmentNetworks } from "./environment-network.ts";
import { readSealedSecrets } from "./sealed-secrets.ts";
import { strayInEnvironment } from "./stray-file.ts";
import type { FolderFiles } from "./tree.ts";
import { rangeFinding } from "./version-range.ts";

/** What stands in one environment's folder, before it is merged with what it extends. */
export interface EnvironmentDocuments {
  name: string;
  folder: string;
  files: FolderFiles;
  /** Null when it is missing or has problems. */
  environment: Located<Environment> | null;
  lock: Located<Lock> | null;
  nodes: ReadonlyMap<string, Located<NodeDocument>>;
  sealed: readonly SealedFile[];
  composeOverrides: ReadonlyMap<string, SourceFile>;
  sealedInstances: ReadonlyMap<string, SealedFile>;
}

/** Where an instance is, what it is set to, and what it stands on. */
const vitalOfEnvironment =
  /^(?:extends|settings(?:\..*)?|instances\.[^.]+\.(?:on|settings)(?:\..*)?|discover(?:[.[].*)?)$/;
const vitalOfNode = /^(?:roles|capabilities|settings(?:\..*)?|instances(?:\..*)?)$/;

/** Reads every document of `environments/<name>`. */
export function readEnvironmentFolder(folder: { path: string; files: FolderFiles }): {
  documents: EnvironmentDocuments;
  problems: Problem[];
} {
  const { path, files } = folder;
  const name = path.slice(path.indexOf("/") + 1);
  const problems: Problem[] = [...strayInEnvironment(folder)];
  const keep = <T>(read: { value: T; problems: Problem[] }): T => {
    problems.push(...read.problems);
    return read.value;
  };
  const file = files.get("environment.yaml");
  const environment =
    file === undefined
      ? null
      : keep(readDocument(file, Environment, { known: { name }, vital: vitalOfEnvironment }));
  if (file === undefined) {
    const hint = "write one, or remove the folder";
    problems.push(
      problemOf(`${path}/environment.yaml`, { code: "K1004", message: "there is no environment.yaml", hint }),
    );
  }
  problems.push(...nameProblems({ kind: "an environment", name, file: path, document: environment }));
  if (environment !== null)
    problems.push(...rangeProblems(environment), ...checkEnvironmentNetworks(environment));
  const lockFile = files.get("lock.yaml");
  const lock = lockFile === undefined ? null : keep(readDocument(lockFile, Lock));
  const nodes = keep(readNodes(folder));
  const composeOverrides = new Map(
    matching(files, composePattern).filter(([, override]) => override.refused !== true),
  );
  const sealed = keep(readSealedSecrets(files.get(sealedSecretsFile), { isOfEnvironment: true }));
  const sealedInstances = keep(readSealedInstances(files));
  return {
    documents: {
      name,
      folder: path,
      files,
      environment,
      lock,
      nodes,
      sealed,
      composeOverrides,
      sealedInstances,
    },
    problems,
  };
}

const nodePattern = /^nodes\/([^/]+?)(?<!\.overrides)\.yaml$/;
const composePattern = /^compose\/([^/]+)\.yaml$/;
const sealedPattern = /^secrets\/([^/]+)\.sops\.yaml$/;

function readSealedInstances(files: FolderFiles): { value: Map<string, SealedFile>; problems: Problem[] } {
  const read = matching(files, sealedPattern).map(
    ([name, file]) => [name, readSealedSecrets(file, { isOfEnvironment: false })] as const,
  );
  return {
    value: new Map(read.flatMap(([name, { value }]) => value.map((sealed) => [name, sealed] as const))),
    problems: read.flatMap(([, { problems }]) => problems),
  };
}

/** Names of the node documents that are there, also of those with problems. */
export function nodeNames(files: FolderFiles): string[] {
  return matching(files, nodePattern).map(([name]) => name);
}

function matching(files: FolderFiles, pattern: RegExp): [string, SourceFile][] {
  return [...files].flatMap(([path, file]) => {
    const name = pattern.exec(path)?.[1];
    return name === undefined ? [] : [[name, file]];
  });
}

function readNodes(folder: { path: string; files: FolderFiles }) {
  const nodes = new Map<string, Located<NodeDocument>>();
  const problems: Problem[] = [];
  for (const [name, file] of matching(folder.files, nodePattern)) {
    const read = readDocument(file, NodeDocument, { known: { name }, vital: vitalOfNode });
    const naming = nameProblems({ kind: "a node", name, file: file.path, document: read.value });
    problems.push(...read.problems, ...naming);
    if (read.value !== null) nodes.set(name, read.value);
  }
  return { value: nodes, problems };
}

/** The name on disk is a name, and the document says the same. */
function nameProblems(named: {
  kind: string;
  name: string;
  file: string;
  document: Located<{ name: string }> | null;
}): Problem[] {
  const { kind, name, file, document } = named;
  if (!namePattern.test(name)) {
    const hint = suggestName(name) ?? "use a-z, 0-9 and -";
    return [
      problemOf(file, { code: "K1007", message: `${quote(name)} is not a valid name for ${kind}`, hint }),
    ];
  }
  if (document === null || document.value.name === name) return [];
  const message = `the name is ${quote(document.value.name)}, the ${kind === "a node" ? "file" : "folder"} says ${quote(name)}`;
  return [
    problemAt(document, { code: "K1009", path: "name", message, hint: "give both the same", part: "value" }),
  ];
}

function rangeProblems(document: Located<Environment>): Problem[] {
  return Object.entries(document.value.releases)
    .flatMap(([name, range]) => rangeFinding(`releases.${name}`, range))
    .map((finding) => problemAt(document, finding));
}
