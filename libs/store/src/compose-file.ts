import { join } from "node:path";
import {
  compareText,
  isJsonObject,
  canonicalText,
  instanceToken,
  labels,
  mapValues,
  resourceIds,
  withBoundPaths,
} from "@keelson/model";
import type { ComposeModel } from "@keelson/model";

import { readDocument, writeDocument } from "./document.ts";
import type { StoreContext } from "./placed-files.ts";
import { whileReading, whileWriting } from "./store-error.ts";
import { instanceFolderOf, makeInstance, openInstance } from "./store-path.ts";

const documentName = "compose.json";

/** Where the Compose file of an instance lies. Throws K4006 when the instance's name is none. */
export function composeFileOf(stateDir: string, instance: string): string {
  return join(instanceFolderOf(stateDir, instance), documentName);
}

/**
 * The services that the Compose file of an instance has on this node, sorted; null when it has none here. Throws K4003 and
 * K4006.
 */
export async function readComposeServices(stateDir: string, instance: string): Promise<string[] | null> {
  return await whileReading(`read the Compose file of instance ${instance}`, () => {
    using folder = openInstance(stateDir, instance);
    const text = folder === null ? null : readDocument(folder, documentName);
    if (text === null) return null;
    const model: unknown = JSON.parse(text);
    const services = isJsonObject(model) ? model["services"] : undefined;
    return isJsonObject(services) ? Object.keys(services).sort(compareText) : [];
  });
}

export interface ComposeFileInput {
  instance: string;
  project: string;
  /** With sources below `instanceToken`. */
  model: ComposeModel;
  /** Hex HMAC by the node's key over a resource's id. */
  ownerOf: (resourceId: string) => string;
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
    writeDocument(instance, { name: documentName, text: `${canonicalText(model)}\n` });
    return composeFileOf(context.stateDir, input.instance);
  });
}

function onNode({ model, project, ownerOf }: ComposeFileInput, folder: string): ComposeModel {
  // Compose interpolates the file that it runs from: `$$` stands for `$` there.
  const escapedFolder = folder.replaceAll("$", () => "$$");
  const relocate = (path: string) =>
    path === instanceToken || path.startsWith(`${instanceToken}/`)
      ? escapedFolder + path.slice(instanceToken.length)
      : path;
  const placed = withBoundPaths(model, relocate);
  const services = mapValues(placed.services, (service, name) => {
    const owner = { [labels.owner]: ownerOf(resourceIds.service(project, name)) };
    return { ...service, labels: { ...service.labels, ...owner } };
  });
  return { ...placed, services };
}
