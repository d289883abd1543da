import type { Environment, Lock } from "./environment.ts";
import type { ImageLock } from "./image-lock.ts";
import type { NodeDocument } from "./node-document.ts";
import type { Package } from "./package.ts";
import type { Position, Problem } from "./problem.ts";
import type { Release } from "./release.ts";
import type { SealedVariables } from "./rendered.ts";
import type { SealedFile } from "./sealed-file.ts";
import type { SourceFile } from "./source-file.ts";

/** A document with the place of each of its keys. */
export interface Located<T> {
  /** Path in the repository. */
  file: string;
  value: T;
  /** Paths of what is wrong in the document, as `keyPath` writes them: the value is without it. */
  leftOut?: readonly string[];
  /**
   * Where a key, or its value, stands: `positionOf("instances.core.on")`, with a path as `keyPath` writes it;
   * the nearest parent's place when the key is not there.
   */
  positionOf: (path: string, part?: "key" | "value") => Position;
  /** A number as it is written, such as `1.10`; null for anything else. */
  numberText?: (path: string) => string | null;
  /** The text of a line (counted from 1), for a caret. */
  lineText: (line: number) => string;
}

/** A key inside a document in writing: `instances.core.on`, `files[0].to`, `settings["a.b"]`. */
export function keyPath(segments: readonly (string | number)[]): string {
  let path = "";
  for (const segment of segments) {
    if (typeof segment === "number") path += `[${segment}]`;
    else if (!/^[^.[\]"\s]+$/.test(segment)) path += `[${JSON.stringify(segment)}]`;
    else path += path === "" ? segment : `.${segment}`;
  }
  return path;
}

/** The segments that `keyPath` was given, list positions as digits; what cannot be read is left out. */
export function parseKeyPath(path: string): string[] {
  const segments: string[] = [];
  const pattern = /\[(\d+)\]|\[("(?:[^"\\\p{Cc}]|\\["\\/bfnrt]|\\u[\da-f]{4})*")\]|([^.[\]]+)/gu;
  for (const [, index, quoted, plain] of path.matchAll(pattern)) {
    segments.push(index ?? plain ?? String(JSON.parse(quoted ?? '""')));
  }
  return segments;
}

/** What is wrong with a document, before its place is known. */
export interface Finding {
  code: string;
  /** As `keyPath` writes it; empty for the whole document. */
  path: string;
  message: string;
  hint?: string | undefined;
  /** Point at the key (the default) or at what it holds. */
  part?: "key" | "value";
}

/** The problem at its place in the document. */
export function problemAt(document: Located<unknown>, finding: Finding): Problem {
  const { line, column } = document.positionOf(finding.path, finding.part);
  const { code, path, message, hint } = finding;
  const problem: Problem = { code, file: document.file, line, column, path, message };
  if (hint !== undefined) problem.hint = hint;
  return { ...problem, sourceLine: document.lineText(line) };
}

/** A problem of a file as such: one that is not there, or that is not a document. */
export function problemOf(file: string, finding: { code: string; message: string; hint?: string }): Problem {
  return { file, line: 1, column: 1, path: "", ...finding };
}

/** A state repository, read and checked: with problems it is only what could be made of its documents. */
export interface Repository {
  /** By `<release>@<version>`. */
  releases: ReadonlyMap<string, ReleaseFolder>;
  environments: ReadonlyMap<string, EnvironmentFolder>;
  /** Local packages by their reference, such as `./apps/wiki`. */
  local: ReadonlyMap<string, LocalPackage>;
  /** Every package that can be read, also of a release that cannot; local ones too. */
  packages: readonly PackageFolder[];
}

/** A folder of the repository with a Compose file. Without a package.yaml, its document stands for an empty one. */
export interface LocalPackage extends PackageFolder {
  /** Files outside of the folder that its own name. By path in the repository. */
  reached: ReadonlyMap<string, SourceFile>;
  /** Compose files by their path from the folder, in the order in which Compose merges them. */
  composeFiles: readonly string[];
  /** The committed `.env` of the folder, with placeholders where it is encrypted; null when there is none. */
  dotenv: SourceFile | null;
  /** Profiles that `.env` makes active. */
  profiles: readonly string[];
  /** What its settings may be; null where each is a variable. */
  settingsSchema: Located<JsonObject> | null;
  /** Variables that a setting may give a value: those of `.env` and of package.yaml, and what its Compose files mention. */
  variables: ReadonlySet<string>;
  /** Its secrets, and then the files of variables that are encrypted. */
  sealed: readonly SealedFile[];
  /** What Compose is given in the place of the latter, by path in the repository. */
  sealedVariables: ReadonlyMap<string, SealedVariables>;
  /** What the tags of its images are locked to; null where nothing is locked. */
  imageLock: Located<ImageLock> | null;
  /** Digest of every file that it reads. */
  version: string;
}

export interface ReleaseFolder {
  /** `releases/<name>/<version>` */
  folder: string;
  release: Located<Release>;
  /** A parsed JSON Schema, when the release has settings. */
  settingsSchema: Located<JsonObject> | null;
  /** What the tags of the images of its packages are locked to; null where nothing is locked. */
  imageLock: Located<ImageLock> | null;
  packages: ReadonlyMap<string, PackageFolder>;
}

export interface PackageFolder {
  /** `releases/<name>/<version>/packages/<package>`, or the path of a local package. */
  folder: string;
  package: Located<Package>;
  /** Every file of the folder by its path in the folder, `compose.yaml` and templates included. */
  files: ReadonlyMap<string, SourceFile>;
  /** The files that `files` of package.yaml places, in the order of its entries; those of one entry by path. */
  placed: readonly PlacedFile[];
}

/** One file of an entry of `files`, which has several when it names a folder or a pattern. */
export interface PlacedFile {
  /** The entry's position in `files`. */
  entry: number;
  /** Path in the package's folder. */
  source: string;
  /** Path that compose.yaml binds. */
  to: string;
  /** Whether it is a template; it is copied otherwise. */
  isRendered: boolean;
}

/** Files by which Git itself is told something; they are in no folder's content. */
export const gitsOwn = /(?:^|\/)\.git(?:keep|ignore|attributes)$/;

export interface EnvironmentFolder {
  /** `environments/<name>` */
  folder: string;
  /** With what it extends merged under it, settings excepted: those stay in their layers. */
  environment: Located<Environment>;
  /** The environments it extends, furthest first, itself last. */
  layers: readonly Located<Environment>[];
  /** Names of folders that `discover` finds, and that no instance can have. */
  unnamed: readonly string[];
  /** Null when there is none yet or it has problems. */
  lock: Located<Lock> | null;
  nodes: ReadonlyMap<string, Located<NodeDocument>>;
  /** Secrets for its nodes, encrypted; none is usual. */
  sealed: readonly SealedFile[];
  /** Compose overrides by instance. */
  composeOverrides: ReadonlyMap<string, SourceFile>;
  /** The secrets of single instances, by their name. */
  sealedInstances: ReadonlyMap<string, SealedFile>;
}

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
