import { readFile, realpath } from "node:fs/promises";
import { relative, resolve } from "node:path";

import type { ComposeProject } from "@keelson/engine";
import type { FoundProject } from "@keelson/manifest";
import type { SourceFiles } from "@keelson/model";

/** A project that runs, and the folder of the repository that has its files; null where none has. */
export interface RunningProject extends ComposeProject {
  folder: string | null;
}

/**
 * Finds the folders of projects that run: by the path of the Compose file, or by a file of the same content that no other folder
 * has. Reads the files that the engine's containers name, as far as they are on this machine.
 */
export async function findRunning(
  running: readonly ComposeProject[],
  of: { repository: string; projects: readonly FoundProject[]; files: SourceFiles },
): Promise<RunningProject[]> {
  const root = (await realPath(of.repository)) ?? resolve(of.repository);
  return Promise.all(
    running.map(async (project) => ({ ...project, folder: await folderOf(project, { ...of, root }) })),
  );
}

async function folderOf(
  { name, configFiles: [first] }: ComposeProject,
  of: { root: string; projects: readonly FoundProject[]; files: SourceFiles },
): Promise<string | null> {
  if (first === undefined) return null;
  const path = relative(of.root, (await realPath(first)) ?? first);
  const here = of.projects.find((each) => filesOf(each).includes(path));
  if (here !== undefined) return here.folder;
  const bytes = await readFile(first).catch(() => null);
  if (bytes === null) return null;
  const same = of.projects.filter((each) => {
    const [own = ""] = filesOf(each);
    return of.files.has(own) && bytes.equals(of.files.get(own)?.bytes ?? new Uint8Array());
  });
  const named = same.filter(({ project }) => project === name);
  const [only, ...others] = named.length > 0 ? named : same;
  return only === undefined || others.length > 0 ? null : only.folder;
}

function filesOf({ folder, composeFiles }: FoundProject): string[] {
  return composeFiles.map((path) => (folder === "" ? path : `${folder}/${path}`));
}

/** Null for what is not on this machine. */
async function realPath(path: string): Promise<string | null> {
  return realpath(path).catch(() => null);
}
