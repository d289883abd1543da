import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { type ComposeInput, KeelsonError, isSystemError } from "@keelson/model";

import { additionsTo } from "./additions.ts";
import { writeNode } from "./compose-node.ts";
import type { Participants } from "./participant.ts";
import { writeVariables } from "./variables.ts";
import { withWholeIncludes } from "./whole-include.ts";

/** A private folder that holds what Compose may read, and nothing else. */
export interface Workspace {
  root: string;
  /** Laid out as the repository is. */
  repository: string;
  /** The project's folder in it: relative paths of the Compose files start here. */
  project: string;
  /** HOME, and the folder of Docker's configuration; empty. */
  home: string;
  /** To name with `--env-file`, in order. */
  variableFiles: string[];
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
    input: ComposeInput;
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
  { participants, input }: { participants: Participants; input: ComposeInput },
): Promise<Workspace> {
  const repository = join(root, "repository");
  const project = join(repository, participants.projectFolder);
  const home = join(root, "home");
  const sources = new Map<string, string>();
  const composeFiles: string[] = [];
  await mkdir(project, { recursive: true, mode: 0o700 });
  await mkdir(home);
  const texts = new Map<string, string[]>();
  for (const { document, path, role, folder } of participants.composeFiles) {
    const target = path === null ? join(root, "override.yaml") : join(repository, path);
    if (role === "project" && document.position === 0) composeFiles.push(target);
    sources.set(target, document.file);
    const documents = texts.get(target) ?? [];
    texts.set(target, documents);
    const { reach } = input;
    documents[document.position] ??= writeNode(
      withWholeIncludes(document.root, { folder, reach, repository }),
    );
  }
  for (const [target, documents] of texts) await writePrivate(target, documents.join("\n---\n"));
  for (const { path, bytes, file, namedBy } of participants.plainFiles) {
    const target = join(repository, path);
    if (sources.has(target)) continue;
    sources.set(target, file ?? namedBy.participant.document.file);
    await writePrivate(target, bytes);
  }
  const additions = additionsTo(participants, input);
  if (additions !== null) {
    composeFiles.push(join(root, "additions.yaml"));
    await writePrivate(join(root, "additions.yaml"), JSON.stringify(additions));
  }
  const variableFiles = await writeVariableFiles(root, { participants, input, sources });
  return { root, repository, project, home, variableFiles, composeFiles, sources };
}

/** The project's `.env` first, since the last file wins. */
async function writeVariableFiles(
  root: string,
  {
    participants: { dotenv },
    input,
    sources,
  }: { participants: Participants; input: ComposeInput; sources: Map<string, string> },
): Promise<string[]> {
  const variables = join(root, "variables.env");
  await writePrivate(variables, writeVariables(input.variables));
  if (dotenv === null) return [variables];
  const own = join(root, "dotenv.env");
  sources.set(own, input.dotenv?.path ?? "");
  await writePrivate(own, dotenv);
  return [own, variables];
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
