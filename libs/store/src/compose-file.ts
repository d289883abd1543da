import { join } from "node:path";
import {
  compareText,
  isJsonObject,
  canonicalText,
  dataToken,
  findSecretVariables,
  instanceToken,
  labels,
  mapValues,
  modelFile,
  namePattern,
  resourceIds,
  withBoundPaths,
  withHostPaths,
  ownOf,
} from "@keelson/model";
import type { ComposeModel } from "@keelson/model";

import { readDocument, writeDocument } from "./document.ts";
import { kindOf, openFolder, readEntries } from "./folder.ts";
import type { Folder } from "./folder.ts";
import type { StoreContext } from "./placed-files.ts";
import { refusedEntry, whileReading, whileWriting } from "./store-error.ts";
import { instanceFolderOf, makeInstance, openInstance, openInstances } from "./store-path.ts";

/** Where the Compose file of an instance lies. Throws K4006 when the instance's name is none. */
export function composeFileOf(stateDir: string, instance: string): string {
  return join(instanceFolderOf(stateDir, instance), modelFile);
}

/** Whether an instance has a Compose file on this node. */
export function hasComposeModel(instance: Folder): boolean {
  return kindOf(instance, modelFile) === "file";
}

/** What is known of the Compose file that an instance has on this node. */
export interface StoredCompose {
  project: string;
  /** By its labels; empty when it has no service. */
  environment: string;
  /** Its services, each with its owner label. */
  services: ReadonlyMap<string, string | undefined>;
  /** The variables that stand for secrets, each with the placeholder of its value. */
  secretVariables: ReadonlyMap<string, string>;
}

/** The Compose file of an instance; null when it has none here. Throws K4003 and K4006. */
export async function readStoredCompose(stateDir: string, instance: string): Promise<StoredCompose | null> {
  return await whileReading(`read the Compose file of instance ${instance}`, () => {
    using folder = openInstance(stateDir, instance);
    return folder === null ? null : readModel(folder);
  });
}

/** The same of every instance that has a Compose file on this node, sorted by name. Throws K4003 and K4006. */
export async function listStoredCompose(stateDir: string): Promise<Map<string, StoredCompose>> {
  return await whileReading(`read the Compose files below ${stateDir}`, () => {
    using instances = openInstances(stateDir);
    if (instances === null) return new Map();
    const names = [...readEntries(instances)].flatMap(({ text }) => text ?? []);
    const found = names
      .filter((name) => namePattern.test(name))
      .sort(compareText)
      .flatMap((name): [string, StoredCompose][] => {
        using folder = openFolder(instances, name);
        const stored = folder === null ? null : readModel(folder);
        return stored === null ? [] : [[name, stored]];
      });
    return new Map(found);
  });
}

function readModel(folder: Folder): StoredCompose | null {
  const text = readDocument(folder, modelFile);
  if (text === null) return null;
  const model = parseJson(text);
  const { name: project, services } = isJsonObject(model) ? model : {};
  if (typeof project !== "string" || !isJsonObject(services))
    throw refusedEntry(`${folder.path}/${modelFile}`, "it is no Compose model");
  return {
    project,
    environment: labelOf(Object.values(services)[0], labels.environment) ?? "",
    services: new Map(
      Object.entries(services).map(([name, service]) => [name, labelOf(service, labels.owner)]),
    ),
    secretVariables: findSecretVariables(text),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no model either, and nothing in the parser's words says more
  }
}

function labelOf(service: unknown, name: string): string | undefined {
  const all = isJsonObject(service) ? service["labels"] : undefined;
  const label = isJsonObject(all) ? ownOf(all, name) : undefined;
  return typeof label === "string" ? label : undefined;
}

export interface ComposeFileInput {
  instance: string;
  project: string;
  /** With sources below `instanceToken` and `dataToken`. */
  model: ComposeModel;
  /** Absolute folder of the instance's data. */
  dataFolder: string;
  /** Hex HMAC by the node's key over a resource's id. */
  ownerOf: (resourceId: string) => string;
  /** The node's path of each name that stands in the model as `pathToken`. */
  paths: Readonly<Record<string, string>>;
}

/**
 * Writes the file that Compose runs from and returns its path: paths are those of this node, and every service has
 * its owner label. An equal one is not touched. Throws K4001 to K4004 and K4006.
 */
export async function writeComposeModel(
  context: Pick<StoreContext, "stateDir">,
  input: ComposeFileInput,
): Promise<string> {
  return await whileWriting(`write the Compose file of instance ${input.instance}`, () => {
    const folder = instanceFolderOf(context.stateDir, input.instance);
    const model = onNode(input, folder);
    using instance = makeInstance(context.stateDir, input.instance);
    // Canonical, so that the order of keys never makes it another file.
    writeDocument(instance, { name: modelFile, text: `${canonicalText(model)}\n` });
    return composeFileOf(context.stateDir, input.instance);
  });
}

function onNode(input: ComposeFileInput, folder: string): ComposeModel {
  const { model, project, dataFolder, ownerOf, paths } = input;
  const places = [
    [instanceToken, folder],
    [dataToken, dataFolder],
  ] as const;
  const relocate = (path: string) => {
    const [token, place] = places.find(([each]) => path === each || path.startsWith(`${each}/`)) ?? [];
    return token === undefined ? path : escaped(place) + path.slice(token.length);
  };
  const placed = withHostPaths(withBoundPaths(model, relocate), mapValues(paths, escaped));
  const services = mapValues(placed.services, (service, name) => {
    const owner = { [labels.owner]: ownerOf(resourceIds.service(project, name)) };
    return { ...service, labels: { ...service.labels, ...owner } };
  });
  return { ...placed, services };
}

/** Compose interpolates the file that it runs from: `$$` stands for `$` there. */
function escaped(path: string): string {
  return path.replaceAll("$", () => "$$");
}
