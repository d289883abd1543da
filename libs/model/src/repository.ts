import type { Environment, Lock, NodeDocument } from "./environment.ts";
import type { Package } from "./package.ts";
import type { Position } from "./problem.ts";
import type { Release } from "./release.ts";
import type { SourceFile } from "./source-file.ts";

/** A document with the place of each of its keys. */
export interface Located<T> {
  /** Path in the repository. */
  file: string;
  value: T;
  /** Where a key stands: `positionOf("instances.core.on")`; the nearest parent's place when the key is not there. */
  positionOf: (path: string) => Position;
  /** The text of a line (counted from 1), for a caret. */
  lineText: (line: number) => string;
}

/** A state repository, read and checked; documents with problems are left out. */
export interface Repository {
  /** By `<release>@<version>`. */
  releases: ReadonlyMap<string, ReleaseFolder>;
  environments: ReadonlyMap<string, EnvironmentFolder>;
}

export interface ReleaseFolder {
  /** `releases/<name>/<version>` */
  folder: string;
  release: Located<Release>;
  /** A parsed JSON Schema, when the release has settings. */
  settingsSchema: Located<JsonObject> | null;
  packages: ReadonlyMap<string, PackageFolder>;
}

export interface PackageFolder {
  /** `releases/<name>/<version>/packages/<package>` */
  folder: string;
  package: Located<Package>;
  /** Every file of the folder by its path in the folder, `compose.yaml` and templates included. */
  files: ReadonlyMap<string, SourceFile>;
}

export interface EnvironmentFolder {
  /** `environments/<name>` */
  folder: string;
  /** With what it extends merged under it, settings excepted: those stay in their layers. */
  environment: Located<Environment>;
  /** The environments it extends, furthest first, itself last. */
  layers: readonly Located<Environment>[];
  /** Null when there is none yet or it has problems. */
  lock: Located<Lock> | null;
  nodes: ReadonlyMap<string, Located<NodeDocument>>;
  /** Compose overrides by instance. */
  composeOverrides: ReadonlyMap<string, SourceFile>;
}

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
