import { isJsonObject } from "@keelson/model";

import { parseDocument } from "./document.ts";
import { readDotenv } from "./dotenv.ts";
import type { FolderFiles } from "./tree.ts";

/** In the order in which Compose itself takes them (compose-go, DefaultFileNames and DefaultOverrideFileNames). */
export const composeNames = [
  "compose.yaml",
  "compose.yml",
  "docker-compose.yml",
  "docker-compose.yaml",
] as const;
const overrideNames = [
  "compose.override.yml",
  "compose.override.yaml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
] as const;

/**
 * The Compose files of a folder, by their path from it, in the order in which they are merged: what package.yaml says, else what
 * `COMPOSE_FILE` of its `.env` says, else what Compose finds there by itself. None where there is no Compose file.
 */
export function findComposeFiles(files: FolderFiles): string[] {
  const written = files.get("package.yaml");
  const document = written === undefined ? null : parseDocument(written).document;
  if (document !== null && isJsonObject(document.value) && typeof document.value["compose"] === "string") {
    return [document.value["compose"]];
  }
  const dotenv = files.get(".env");
  const named = dotenv === undefined ? null : readDotenv(dotenv).dotenv.composeFiles;
  if (named !== null) return [...named.paths];
  const found = composeNames.find((name) => files.has(name));
  const override = overrideNames.find((name) => files.has(name));
  return found === undefined ? [] : [found, ...(override === undefined ? [] : [override])];
}
