import { KeelsonError, compareText, namePattern } from "@keelson/model";
import type { DesiredNode, ObservedInstanceFiles, ObservedStore, StoreFault } from "@keelson/model";

import { readApplied } from "./applied-files.ts";
import { hasComposeModel } from "./compose-file.ts";
import { buildDesiredTree } from "./desired-tree.ts";
import type { DataPlaces } from "./data-place.ts";
import { type DataInput, observeDataDir, observeDataFolders } from "./observed-data.ts";
import { openFolder, readEntries } from "./folder.ts";
import type { Folder } from "./folder.ts";
import { newFindings, observeTree } from "./observed-folder.ts";
import type { StoreContext } from "./placed-files.ts";
import { isStaging } from "./staging.ts";
import { tooManyOthers, whileReading } from "./store-error.ts";
import { areas, instanceFolderOf, openInstances } from "./store-path.ts";

export interface ObserveInput extends StoreContext, DataPlaces {
  desired: Pick<DesiredNode, "instances">;
  /** Data folders that the record knows, by path. */
  known: DataInput["known"];
}

/**
 * What is placed on the node of all that is desired, and what else lies there; instances sorted by name, none when there
 * is no state folder yet. Only desired files are read, and only when they have the right length; of what a container writes
 * only some names are listed. Data folders are looked at beside that. An error of one instance (K4003, K4006, K4007, K4009, K5002) is its `fault`. Throws K4003 and
 * K4006 when the instances themselves cannot be listed.
 */
export async function observeStore(input: ObserveInput): Promise<ObservedStore> {
  return {
    storedInstances: await observeInstances(input),
    dataDir: await observeDataDir(input),
    dataFolders: await observeDataFolders({ ...input, instances: input.desired.instances }),
  };
}

async function observeInstances(input: ObserveInput): Promise<ObservedInstanceFiles[]> {
  return await whileReading(`read the placed files below ${input.stateDir}`, async () => {
    using instances = openInstances(input.stateDir);
    if (instances === null) return [];
    const names = [...readEntries(instances)].flatMap(({ text }) => text ?? []);
    const storedInstances: ObservedInstanceFiles[] = [];
    for (const name of names.filter((each) => namePattern.test(each)).sort(compareText)) {
      const stored = await observeInstance(instances, { ...input, name });
      if (stored !== null) storedInstances.push(stored);
    }
    return storedInstances;
  });
}

type InstanceInput = ObserveInput & { name: string };

/** Null when there is no folder any more. */
async function observeInstance(
  instances: Folder,
  input: InstanceInput,
): Promise<ObservedInstanceFiles | null> {
  const { name } = input;
  try {
    return await whileReading(`see the files of instance ${name}`, async () => {
      using folder = openFolder(instances, name);
      return folder === null ? null : await observeFiles(folder, input);
    });
  } catch (error) {
    if (!(error instanceof KeelsonError)) throw error;
    const fault = faultOf(error, "files");
    return { instance: name, folder: folderOf(input), files: {}, others: [], applied: null, fault };
  }
}

async function observeFiles(folder: Folder, input: InstanceInput): Promise<ObservedInstanceFiles> {
  const desired = input.desired.instances.find(({ name }) => name === input.name);
  const tree = buildDesiredTree(desired?.mounts ?? []);
  const findings = newFindings(input);
  for (const area of areas) {
    using areaFolder = openFolder(folder, area);
    const subtree = tree.folders.get(area) ?? buildDesiredTree([]);
    if (areaFolder !== null)
      await observeTree(areaFolder, { findings, tree: subtree, path: area, isBound: false });
  }
  for (const { text } of readEntries(folder))
    if (text !== null && isStaging(text)) findings.others.note(text);
  const endedAt = findings.others.endedAt();
  return {
    instance: input.name,
    folder: folderOf(input),
    files: Object.fromEntries(findings.files.sort(([a], [b]) => compareText(a, b))),
    others: findings.others.paths.sort(compareText),
    hasModel: hasComposeModel(folder),
    applied: readApplied(folder),
    fault: endedAt === null ? null : faultOf(tooManyOthers(`${folderOf(input)}/${endedAt}`), "others"),
  };
}

function folderOf({ stateDir, name }: InstanceInput): string {
  return instanceFolderOf(stateDir, name);
}

/** With its cause: a status has no chain. */
function faultOf(error: KeelsonError, hides: StoreFault["hides"]): StoreFault {
  const { code, message, hint = "", cause } = error;
  return { hides, code, message: cause instanceof Error ? `${message}: ${cause.message}` : message, hint };
}
