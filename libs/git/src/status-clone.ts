import type { Deadline } from "./deadline.ts";
import { incompleteBatch, parseBatch } from "./object-batch.ts";
import { noRepository } from "./read-commit.ts";
import { readStatusMessage, readStatusRef, statusFilePath, statusPrefixes } from "./status-ref.ts";
import { maxStatusBytes, readNote, unreadable } from "./status-text.ts";
import type { StatusText } from "./status-text.ts";
import { runGit } from "./system-git.ts";

export interface StatusCloneInput {
  /** A repository on this machine: a user's clone, or the one to which nodes push. */
  repository: string;
  /** The remote whose fetched branches count before those of the repository itself; null for none. */
  remote: string | null;
  configuration: "closed" | "user";
  deadline: Deadline;
}

interface LocalRef {
  /** The ref's name in the repository to which the node pushes. */
  ref: string;
  oid: string;
  type: string;
  sizeBytes: number;
}

/** The statuses in a repository on this machine, by their refs. Throws K2004 when the folder is no repository. */
export async function readLocalStatuses(input: StatusCloneInput): Promise<Map<string, StatusText>> {
  const { repository, configuration, deadline } = input;
  const run = async (args: readonly string[], text?: string): Promise<Buffer> => {
    const at = ["-C", repository];
    const timeoutMs = deadline.leftMs();
    const stdin = text === undefined ? {} : { input: text };
    const end = await runGit({ at, args, timeoutMs, configuration, ...stdin });
    if (end.exitCode !== 0) throw noRepository(repository, end.complaint);
    return end.stdout;
  };

  const fields = ["refname", "objectname", "objecttype", "objectsize"];
  const format = fields.map((field) => `%(${field})`).join("%00");
  const tracking = input.remote === null ? null : `refs/remotes/${input.remote}/`;
  const patterns = [...Object.values(statusPrefixes), ...(tracking === null ? [] : [tracking])];
  const listed = await run(["for-each-ref", `--format=${format}`, ...patterns]);
  const refs = readRefs(listed.toString("utf8").split("\n"), tracking);
  const statuses = new Map<string, StatusText>(refs.map(({ ref }) => [ref, unreadable]));

  // Each size is checked before anything is read: a huge ref of one node must not keep the others from being shown.
  const commits = refs.filter(({ type, sizeBytes }) => type === "commit" && sizeBytes <= maxCommitBytes);
  const texts = await readContents(
    run,
    commits.map(({ oid }) => oid),
  );
  const heads = commits.map(({ ref, oid }, index) => ({ ref, oid, ...readHead(texts[index] ?? "") }));
  for (const { ref, commit, updatedAt } of heads) statuses.set(ref, { commit, updatedAt, json: "" });
  const trees = await readSizes(
    run,
    heads.map(({ tree }) => tree),
  );
  const files = heads.flatMap((head, index) => {
    const path = statusFilePath(head.ref, head.commit);
    const isSmall = (trees[index]?.sizeBytes ?? Infinity) <= maxTreeBytes;
    return path === null || !isSmall ? [] : [{ ...head, spec: `${head.oid}:${path}` }];
  });
  const sizes = await readSizes(
    run,
    files.map(({ spec }) => spec),
  );
  const small = chooseSmall(files.map((file, index) => ({ ...file, ...sizes[index] })));
  const contents = await readContents(
    run,
    small.map(({ spec }) => spec),
  );
  small.forEach(({ ref, commit, updatedAt }, index) => {
    statuses.set(ref, { commit, updatedAt, json: readNote(contents[index] ?? "") });
  });
  return statuses;
}

/** Ten times what Keelson writes. */
const maxCommitBytes = 4 * 1024;
const maxTreeBytes = 64 * 1024;
/** The limit for all statuses together. */
const maxTotalBytes = 96 * 1024 * 1024;

interface Size {
  type?: string;
  sizeBytes?: number;
}

/** The files that can be a status. If they are too large together, only the smaller ones. */
function chooseSmall<File extends Size>(files: readonly File[]): File[] {
  const blobs = files.filter(
    ({ type, sizeBytes = Infinity }) => type === "blob" && sizeBytes <= maxStatusBytes,
  );
  let sum = 0;
  return blobs
    .toSorted((a, b) => (a.sizeBytes ?? 0) - (b.sizeBytes ?? 0))
    .filter(({ sizeBytes = 0 }) => (sum += sizeBytes) <= maxTotalBytes);
}

/** Reads the text of a commit object: headers, an empty line, the message. */
function readHead(text: string): { tree: string; commit: string | null; updatedAt: Date | null } {
  const end = text.indexOf("\n\n");
  const headers = text.slice(0, end);
  const seconds = /^committer .* (\d{1,12}) [+-]\d{4}$/m.exec(headers)?.[1];
  return {
    tree: /^tree ([0-9a-f]{40})$/m.exec(headers)?.[1] ?? "",
    commit: readStatusMessage(text.slice(end + 2)),
    updatedAt: seconds === undefined ? null : new Date(Number(seconds) * 1000),
  };
}

/**
 * The status refs among the lines. A branch counts only where its whole name is that of a status: anybody may push one
 * with a name that only ends like that.
 */
function readRefs(lines: readonly string[], tracking: string | null): LocalRef[] {
  const own = new Map<string, LocalRef>();
  const tracked = new Map<string, LocalRef>();
  for (const line of lines) {
    const [name = "", oid = "", type = "", size = ""] = line.split("\0");
    const isTracked = tracking !== null && name.startsWith(tracking);
    const ref = isTracked ? `refs/heads/${name.slice(tracking.length)}` : name;
    if (readStatusRef(ref) === null) continue;
    (isTracked ? tracked : own).set(ref, { ref, oid, type, sizeBytes: Number(size) });
  }
  return [...new Map([...own, ...tracked]).values()];
}

type Run = (args: readonly string[], text?: string) => Promise<Buffer>;

/** Type and size of each object; neither for one that is missing. */
async function readSizes(run: Run, specs: readonly string[]): Promise<Size[]> {
  if (specs.length === 0) return [];
  const output = await run(["cat-file", "--batch-check=%(objecttype) %(objectsize)"], linesOf(specs));
  return output
    .toString("utf8")
    .split("\n")
    .map((line) => {
      const [, type, size] = /^([a-z]+) (\d+)$/.exec(line) ?? [];
      return type === undefined ? {} : { type, sizeBytes: Number(size) };
    });
}

async function readContents(run: Run, specs: readonly string[]): Promise<string[]> {
  if (specs.length === 0) return [];
  const objects = parseBatch(await run(["cat-file", "--batch"], linesOf(specs)), specs.length);
  if (objects === null) throw noRepository("the repository", incompleteBatch());
  return objects.map(({ bytes }) => bytes.toString("utf8"));
}

function linesOf(specs: readonly string[]): string {
  return specs.map((spec) => `${spec}\n`).join("");
}
