import { readFile, realpath } from "node:fs/promises";
import { relative, resolve } from "node:path";

import type { ComposeProject } from "@keelson/engine";
import type { FoundProject } from "@keelson/manifest";
import type { SourceFiles } from "@keelson/model";

/** A project that runs, and the folder of the repository that has its files; null where none has. */
export interface RunningProject extends ComposeProject {
  folder: string | null;
  /** By what the folder is known: by the name alone where the engine does not tell the files. */
  knownBy: "path" | "content" | "name" | null;
  /** Whether the files that the engine tells are not on this machine. */
  isGone: boolean;
  /** Where no folder has its files, the one whose project has its name: a person has to say whether it is the same. */
  namesake: string | null;
}

type Place = Pick<RunningProject, "folder" | "knownBy" | "isGone" | "namesake">;

interface Repository {
  root: string;
  projects: readonly FoundProject[];
  files: SourceFiles;
}

/**
 * Finds the folders of projects that run: by the path of the Compose file, or by a file of the same content that no other folder
 * has. Reads the files that the engine's containers name, as far as they are on this machine.
 */
export async function findRunning(
  running: readonly ComposeProject[],
  of: Omit<Repository, "root"> & { repository: string },
): Promise<RunningProject[]> {
  const root = (await realPath(of.repository)) ?? resolve(of.repository);
  return Promise.all(
    running.map(async (project) => ({ ...project, ...(await placeOf(project, { ...of, root })) })),
  );
}

async function placeOf(
  { name, configFiles: [first] }: ComposeProject,
  { root, projects, files }: Repository,
): Promise<Place> {
  const foundBy = (knownBy: RunningProject["knownBy"], candidates: readonly FoundProject[]) => {
    const only = onlyOf(candidates);
    return only === null ? null : { folder: only.folder, knownBy, isGone: false, namesake: null };
  };
  const isNamed = ({ project }: FoundProject) => project === name;
  const namesake = onlyOf(projects.filter(isNamed))?.folder ?? null;
  const none = { folder: null, knownBy: null, isGone: false, namesake };
  // Compose before 1.25 does not write down where it ran.
  if (first === undefined) return foundBy("name", projects.filter(isNamed)) ?? none;
  const path = relative(root, (await realPath(first)) ?? first);
  const here = projects.filter((each) => filesOf(each).includes(path));
  if (here.length > 0) return foundBy("path", here.slice(0, 1)) ?? none;
  const bytes = await readFile(first).catch(() => null);
  if (bytes === null) return { ...none, isGone: true };
  const same = projects.filter((each) => {
    const [own = ""] = filesOf(each);
    return files.has(own) && bytes.equals(files.get(own)?.bytes ?? new Uint8Array());
  });
  const named = same.filter(isNamed);
  return foundBy("content", named.length > 0 ? named : same) ?? none;
}

function onlyOf(candidates: readonly FoundProject[]): FoundProject | null {
  const [only, ...others] = candidates;
  return only === undefined || others.length > 0 ? null : only;
}

function filesOf({ folder, composeFiles }: FoundProject): string[] {
  return composeFiles.map((path) => (folder === "" ? path : `${folder}/${path}`));
}

/** Null for what is not on this machine. */
async function realPath(path: string): Promise<string | null> {
  return realpath(path).catch(() => null);
}
