import { type Json, type JsonObject, type SourceFiles, fillKnown, isJsonObject } from "@keelson/model";

import { folderOf, joinPath } from "./compose-reach.ts";
import { parseDocument } from "./document.ts";
import { dotenvVariables } from "./dotenv.ts";
import type { FoundProject } from "./found-project.ts";
import { filesOfProject } from "./project-files.ts";
import { portsIn } from "./written-port.ts";
import { layersOf } from "./yaml-layer.ts";

/** What the Compose files of a project say, counted without Compose: what came of it can be compared with this. */
export interface WrittenProject {
  services: readonly WrittenService[];
  /** Keys of the files. */
  volumes: readonly string[];
  networks: readonly WrittenNetwork[];
}

export interface WrittenService {
  name: string;
  profiles: readonly string[];
  ports: number;
}

export interface WrittenNetwork {
  key: string;
  /** What the project would make in the engine; null where somebody else makes it. */
  makes: string | null;
}

/** Bases of bases; Compose follows as many without complaint. */
const mostBases = 16;

/** Of a file that is no YAML, nothing. */
export function readWrittenProject(project: FoundProject, files: SourceFiles): WrittenProject {
  const { compose } = filesOfProject(project, files);
  const dotenv = joinPath(project.folder, ".env") ?? ".env";
  const reading: Reading = { files, variables: dotenvVariables(files.get(dotenv)), roots: new Map() };
  const section = (name: string) =>
    compose.flatMap((file) => {
      const found = rootOf(reading, file)[name];
      return Object.entries(isJsonObject(found) ? found : {}).map(([key, value]) => ({ file, key, value }));
    });
  const services = Map.groupBy(section("services"), ({ key }) => key);
  const networks = Map.groupBy(section("networks"), ({ key }) => key);
  return {
    services: [...services].map(([name, written]) => ({
      name,
      profiles: written.flatMap(({ value }) =>
        layersOf(value, []).flatMap(({ map }) => textsIn(map["profiles"])),
      ),
      ports: new Set(
        written.flatMap(({ file }) => portsOf(reading, { file, service: name, left: mostBases })),
      ).size,
    })),
    volumes: [...new Set(section("volumes").map(({ key }) => key))],
    networks: [...networks].map(([key, written]) => ({
      key,
      makes: nameOf(reading, {
        key,
        project: project.project,
        definitions: written.map(({ value }) => value),
      }),
    })),
  };
}

interface Reading {
  files: SourceFiles;
  variables: Readonly<Record<string, string>>;
  roots: Map<string, JsonObject>;
}

function rootOf({ files, roots }: Reading, path: string): JsonObject {
  const known = roots.get(path);
  if (known !== undefined) return known;
  const file = files.get(path);
  const value = file === undefined ? null : parseDocument(file).document?.value;
  const root = isJsonObject(value) ? value : {};
  roots.set(path, root);
  return root;
}

/** Its own ports and those of what it extends. */
function portsOf(reading: Reading, at: { file: string; service: string; left: number }): string[] {
  const services = rootOf(reading, at.file)["services"];
  const written = isJsonObject(services) && Object.hasOwn(services, at.service) ? services[at.service] : null;
  return layersOf(written ?? null, []).flatMap(({ map }) => [
    ...portsIn(map["ports"], reading.variables),
    ...baseOf(reading, { extended: map["extends"], file: at.file }).flatMap((base) =>
      at.left === 0 ? [] : portsOf(reading, { ...base, left: at.left - 1 }),
    ),
  ]);
}

function baseOf(
  { variables }: Reading,
  { extended, file }: { extended: Json | undefined; file: string },
): { file: string; service: string }[] {
  if (typeof extended === "string") return [{ file, service: extended }];
  if (!isJsonObject(extended) || typeof extended["service"] !== "string") return [];
  const service = extended["service"];
  if (typeof extended["file"] !== "string") return [{ file, service }];
  const path = fillKnown(extended["file"], variables);
  const other = path === null ? null : joinPath(folderOf(file), path);
  return other === null ? [] : [{ file: other, service }];
}

function nameOf(
  { variables }: Reading,
  { key, project, definitions }: { key: string; project: string | null; definitions: readonly Json[] },
): string | null {
  const maps = definitions.filter(isJsonObject);
  const external = maps.some((map) => map["external"] === true || isJsonObject(map["external"]));
  if (external) return null;
  const name = maps.flatMap((map) => (typeof map["name"] === "string" ? [map["name"]] : [])).at(-1);
  return name === undefined ? `${project ?? ""}_${key}` : fillKnown(name, variables);
}

function textsIn(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
