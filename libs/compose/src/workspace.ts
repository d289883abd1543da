import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { KeelsonError, isSystemError } from "@keelson/model";

import { writeNode } from "./compose-node.ts";
import type { Participants } from "./participants.ts";
import { writeVariables } from "./variables.ts";

/** A private folder that holds what Compose may read, and nothing else. */
export interface Workspace {
  root: string;
  /** The project's folder: relative paths of the Compose files start here. */
  project: string;
  /** HOME, and the folder of Docker's configuration; empty. */
  home: string;
  variablesFile: string;
  /** The Compose files to name with `-f`, in order. */
  composeFiles: string[];
  /** Path in the repository by absolute path. */
  sources: ReadonlyMap<string, string>;
}

/**
 * Calls `use` with a workspace in this folder, or among the temporary files. It is removed afterwards, unless this process
 * is killed. Compose files are written anew from what was judged, so that no difference between two YAML readers matters.
 * Throws K1426 when it cannot be written.
 */
export async function withWorkspace<T>(
  input: {
    participants: Participants;
    variables: Readonly<Record<string, string>>;
    folder: string | undefined;
  },
  use: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const root = await onDisk(() => makeRoot(input.folder));
  try {
    return await use(await onDisk(() => fill(root, input)));
  } finally {
    await onDisk(() => rm(root, { recursive: true, force: true }));
  }
}

/** Removes what killed processes have left in the folder. Nobody else may use it meanwhile. Throws K1426. */
export async function clearWorkspaces(folder: string): Promise<void> {
  await onDisk(() => rm(folder, { recursive: true, force: true }));
}

async function makeRoot(folder: string | undefined): Promise<string> {
  if (folder !== undefined) await mkdir(folder, { recursive: true, mode: 0o700 });
  // Compose prints real paths.
  return mkdtemp(join(await realpath(folder ?? tmpdir()), "keelson-compose-"));
}

async function fill(
  root: string,
  { participants, variables }: { participants: Participants; variables: Readonly<Record<string, string>> },
): Promise<Workspace> {
  const project = join(root, "project");
  const home = join(root, "home");
  const variablesFile = join(root, "variables.env");
  const sources = new Map<string, string>();
  const composeFiles: string[] = [];
  await mkdir(project);
  await mkdir(home);
  await writeFile(variablesFile, writeVariables(variables), { mode: 0o600 });
  for (const { document, path, role } of participants.composeFiles) {
    const target = path === null ? join(root, "override.yaml") : join(project, path);
    if (role === "project") composeFiles.push(target);
    if (sources.has(target)) continue;
    sources.set(target, document.file);
    await writePrivate(target, writeNode(document.root));
  }
  for (const { path, bytes, file, namedBy } of participants.plainFiles) {
    const target = join(project, path);
    if (sources.has(target)) continue;
    sources.set(target, file ?? namedBy.document.file);
    await writePrivate(target, bytes);
  }
  return { root, project, home, variablesFile, composeFiles, sources };
}

async function writePrivate(target: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await writeFile(target, content, { mode: 0o600 });
}

async function onDisk<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new KeelsonError({
      code: "K1426",
      message: "the temporary folder for Compose could not be written",
      hint: "Look for a full or read-only disk; the next round tries again.",
      cause: error,
    });
  }
}
