import * as fs from "node:fs";

import { readCommit, readTree, writeBlob, writeCommit, writeTree } from "isomorphic-git";
import type { TreeEntry } from "isomorphic-git";

import { foreignCode } from "./git-error.ts";
import type { StatusBase } from "./status-folder.ts";
import { readStatusMessage, statusMessage } from "./status-ref.ts";
import type { StatusPlace } from "./status-ref.ts";
import { writeNote } from "./status-text.ts";

export interface StatusCommitInput extends StatusPlace {
  gitDir: string;
  base: StatusBase;
  /** The commit that the status is about. The folder does not have that commit. */
  commit: string;
  files: StatusFiles;
}

export interface StatusFiles {
  /** Published byte for byte. */
  json: string;
  /** Only for notes: what `git log` shows first. It is cut to one line that begins as a heading does. */
  heading?: string;
  /** Only for the branch form. */
  markdown?: string;
}

/** So few that the tree stays flat. With more than some 256 notes Git makes folders, which few other readers know. */
const maxNotes = 50;

interface Base {
  tree: TreeEntry[];
  treeOid: string | null;
  commit: string | null;
}

/** Writes a commit with the status after the ref's tip, and returns it; null when the tip has this status already. */
export async function writeStatusCommit(input: StatusCommitInput): Promise<string | null> {
  const repository = { fs, gitdir: input.gitDir };
  const base = await readBase(input);
  const { tip, known } = input.base;
  const tree = input.as === "notes" ? await noteTree(input, base) : await fileTree(input);
  const treeOid = await writeTree({ ...repository, tree });
  if (tip === known && treeOid === base.treeOid && base.commit === input.commit) return null;
  const { environment, node } = input;
  const author = {
    name: `keelson ${node}`,
    // No host has a name in .invalid (RFC 2606), so the address belongs to nobody.
    email: `${node}@${environment}.invalid`,
    timestamp: Math.floor(Date.now() / 1000),
    timezoneOffset: 0,
  };
  const parent = tip === null ? [] : [tip];
  const message = statusMessage(input.commit);
  return await writeCommit({
    ...repository,
    commit: { message, tree: treeOid, parent, author, committer: author },
  });
}

async function readBase({ gitDir, base: { known } }: StatusCommitInput): Promise<Base> {
  if (known === null) return { tree: [], treeOid: null, commit: null };
  const repository = { fs, gitdir: gitDir };
  const { commit } = await readCommit({ ...repository, oid: known });
  const { tree } = await readTree({ ...repository, oid: commit.tree });
  return { tree, treeOid: commit.tree, commit: readStatusMessage(commit.message) };
}

/** A note is a blob whose path is the id of its commit (git-notes(1)). */
async function noteTree(input: StatusCommitInput, { tree }: Base): Promise<TreeEntry[]> {
  const note = await blobEntry(input, { path: input.commit, text: writeNote(input.files) });
  const others = tree.filter(({ path, type }) => type === "blob" && path !== input.commit);
  if (others.length < maxNotes) return [...others, note];
  const newest = await listNewest(input, new Set(others.map(({ path }) => path)));
  return [...others.filter(({ path }) => newest.has(path)), note];
}

/** The commits with the newest notes, by the ref's own history, of which older parts may be missing. */
async function listNewest({ gitDir, base }: StatusCommitInput, noted: Set<string>): Promise<Set<string>> {
  const newest = new Set<string>();
  for (let oid = base.known ?? undefined; oid !== undefined && newest.size < maxNotes - 1;) {
    const found = await readHistory(gitDir, oid);
    if (found === null) break;
    const about = readStatusMessage(found.message);
    if (about !== null && noted.has(about)) newest.add(about);
    oid = found.parent[0];
  }
  return newest;
}

async function readHistory(gitDir: string, oid: string) {
  try {
    return (await readCommit({ fs, gitdir: gitDir, oid })).commit;
  } catch (error) {
    // Only the newest part of the history is fetched.
    if (foreignCode(error) === "NotFoundError") return null;
    throw error;
  }
}

async function fileTree(input: StatusCommitInput): Promise<TreeEntry[]> {
  const { json, markdown } = input.files;
  const status = await blobEntry(input, { path: "status.json", text: json });
  if (markdown === undefined) return [status];
  return [status, await blobEntry(input, { path: "status.md", text: markdown })];
}

async function blobEntry(
  { gitDir }: StatusCommitInput,
  { path, text }: { path: string; text: string },
): Promise<TreeEntry> {
  const blob = new TextEncoder().encode(text);
  return { mode: "100644", path, oid: await writeBlob({ fs, gitdir: gitDir, blob }), type: "blob" };
}
