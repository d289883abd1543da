import { join } from "node:path";
import {
  compareText,
  isJsonObject,
  canonicalText,
  findSecretVariables,
  instanceToken,
  labels,
  mapValues,
  modelFile,
  namePattern,
  resourceIds,
  withBoundPaths,
  withHostPaths,
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

/** Services of a Compose file, each with its owner label. */
export type ComposeServices = ReadonlyMap<string, string | undefined>;

/** The services that the Compose file of an instance has on this node; null when it has none here. Throws K4003 and K4006. */
export async function readComposeServices(
  stateDir: string,
  instance: string,
): Promise<ComposeServices | null> {
  return await whileReading(`read the Compose file of instance ${instance}`, () => {
    using folder = openInstance(stateDir, instance);
    return folder === null ? null : readServices(folder);
  });
}

/** The same of every instance that has a Compose file on this node, sorted by name. Throws K4003 and K4006. */
export async function listComposeServices(stateDir: string): Promise<Map<string, ComposeServices>> {
  return await whileReading(`read the Compose files below ${stateDir}`, () => {
    using instances = openInstances(stateDir);
    if (instances === null) return new Map();
    const names = [...readEntries(instances)].flatMap(({ text }) => text ?? []);
    const found = names
      .filter((name) => namePattern.test(name))
      .sort(compareText)
      .flatMap((name): [string, ComposeServices][] => {
        using folder = openFolder(instances, name);
        const services = folder === null ? null : readServices(folder);
        return services === null ? [] : [[name, services]];
      });
    return new Map(found);
  });
}

/**
 * The variables of an instance's Compose file that stand for secrets, each with the placeholder of its value; none when it has no
 * such file here. Throws K4003 and K4006.
 */
export async function readSecretVariables(
  stateDir: string,
  instance: string,
): Promise<ReadonlyMap<string, string>> {
  return await whileReading(`read the Compose file of instance ${instance}`, () => {
    using folder = openInstance(stateDir, instance);
    return findSecretVariables(folder === null ? "" : (readDocument(folder, modelFile) ?? ""));
  });
}

function readServices(folder: Folder): ComposeServices | null {
  const text = readDocument(folder, modelFile);
  if (text === null) return null;
  const model = parseJson(text);
  const services = isJsonObject(model) ? model["services"] : undefined;
  if (!isJsonObject(services)) throw refusedEntry(`${folder.path}/${modelFile}`, "it is no Compose model");
  return new Map(Object.entries(services).map(([name, service]) => [name, ownerOf(service)]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no model either, and nothing in the parser's words says more
  }
}

function ownerOf(service: unknown): string | undefined {
  const all = isJsonObject(service) ? service["labels"] : undefined;
  const owner = isJsonObject(all) ? all[labels.owner] : undefined;
  return typeof owner === "string" ? owner : undefined;
}

export interface ComposeFileInput {
  instance: string;
  project: string;
  /** With sources below `instanceToken`. */
  model: ComposeModel;
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

function onNode({ model, project, ownerOf, paths }: ComposeFileInput, folder: string): ComposeModel {
  const relocate = (path: string) =>
    path === instanceToken || path.startsWith(`${instanceToken}/`)
      ? escaped(folder) + path.slice(instanceToken.length)
      : path;
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
