import {
  type Json,
  type SourceFile,
  type SourceFiles,
  decodeText,
  fillAll,
  isJsonObject,
  keyPath,
  statementsOf,
} from "@keelson/model";

import { parseDocument } from "./document.ts";
import type { FoundProject } from "./found-project.ts";
import { filesOfProject } from "./project-files.ts";
import { type Layer, layersOf, textOf } from "./yaml-layer.ts";

/** Where a value stands in plain text that looks like a secret by its name. The value is nowhere. */
export interface PlainSecret {
  /** Of the project. */
  folder: string;
  /** Path in the repository. */
  file: string;
  line: number;
  /** Of the variable. */
  name: string;
}

/** The secrets that a project reads from `.env`, from what `env_file` names, and from `environment` of its services. */
export function findPlainSecrets(project: FoundProject, files: SourceFiles): PlainSecret[] {
  const { folder } = project;
  const { compose, extended, variables } = filesOfProject(project, files);
  const read = (paths: readonly string[], find: (file: SourceFile) => Found[]) =>
    paths.flatMap((path) => {
      const file = files.get(path);
      return file === undefined ? [] : find(file).map((found) => ({ folder, file: path, ...found }));
    });
  const found = [...read(variables, inVariables), ...read([...compose, ...extended], inCompose)];
  const once = new Map(found.map((each) => [`${each.file}\n${each.line}\n${each.name}`, each]));
  return [...once.values()];
}

type Found = Pick<PlainSecret, "line" | "name">;

function inVariables({ bytes }: SourceFile): Found[] {
  const set = [...statementsOf(decodeText(bytes))].filter(
    ({ key, value, literal }) => isSecretName(key) && isPlain(value ?? "", literal ?? ""),
  );
  return set.map(({ key, line }) => ({ name: key, line }));
}

function inCompose(file: SourceFile): Found[] {
  const { document } = parseDocument(file);
  if (document === null || !isJsonObject(document.value)) return [];
  const services = document.value["services"];
  return Object.entries(isJsonObject(services) ? services : {})
    .flatMap(([name, service]) => layersOf(service, ["services", name]))
    .flatMap(({ map, path }) => entriesOf(map["environment"], [...path, "environment"]))
    .filter(({ name, text }) => isSecretName(name) && isPlain(text))
    .map(({ name, path }) => ({ name, line: document.positionOf(keyPath(path)).line }));
}

/** `environment` as a map or as a list. */
function entriesOf(
  environment: Json | undefined,
  path: Layer["path"],
): { name: string; text: string; path: Layer["path"] }[] {
  if (Array.isArray(environment))
    return environment.flatMap((entry, index) => {
      const [name = "", ...rest] = typeof entry === "string" ? entry.split("=") : [];
      return name === "" ? [] : [{ name, text: rest.join("="), path: [...path, index] }];
    });
  return layersOf(environment, path).flatMap((layer) =>
    Object.entries(layer.map).map(([name, value]) => ({
      name,
      text: textOf(value),
      path: [...layer.path, name],
    })),
  );
}

/** A mere reference to a variable is none, and neither is what SOPS has encrypted. */
function isPlain(text: string, literal = ""): boolean {
  return literal !== "" || (!text.startsWith("ENC[") && fillAll(text, {}) !== "");
}

/** Names that people give to secrets; what ends with `_FILE` is the path of one. */
function isSecretName(name: string): boolean {
  return (
    !/_FILE$/i.test(name) &&
    /PASS(?:WORD|WD|PHRASE)?(?:_|$)|TOKEN|SECRET|CREDENTIAL|(?:^|_)(?:API|PRIVATE|ACCESS|ENCRYPTION)?_?KEY(?:_|$)/i.test(
      name,
    )
  );
}
