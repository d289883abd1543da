import type { KeelsonError } from "@keelson/model";

import type { Deadline } from "./deadline.ts";
import { noRepository } from "./read-commit.ts";
import { readStatusMessage, readStatusRef, statusFilePath, statusPrefixes } from "./status-ref.ts";
import { maxStatusBytes, unreadable } from "./status-text.ts";
import type { StatusText } from "./status-text.ts";
import { runGit } from "./system-git.ts";

export interface StatusCloneInput {
  /** A repository on this machine: a user's clone, or the one that nodes push to. */
  repository: string;
  /** The remote whose branches, as they were fetched, count before those of the repository itself; null for none. */
  remote: string | null;
  configuration: "closed" | "user";
  deadline: Deadline;
}

interface LocalRef {
  /** Its name where the node wrote it. */
  ref: string;
  oid: string;
  commit: string | null;
  updatedAt: Date | null;
}

/** The statuses that a repository on this machine has, by their refs. Throws K2004 when it is none. */
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

  const fields = ["refname", "objectname", "committerdate:unix", "contents:subject"];
  const format = fields.map((field) => `%(${field})`).join("%00");
  const tracking = input.remote === null ? null : `refs/remotes/${input.remote}/`;
  const patterns = [...Object.values(statusPrefixes), ...(tracking === null ? [] : [tracking])];
  const listed = await run(["for-each-ref", `--format=${format}`, ...patterns]);
  const refs = readRefs(listed.toString("utf8").split("\n"), tracking);
  const statuses = new Map<string, StatusText>();
  const files = refs.flatMap((ref) => {
    const path = statusFilePath(ref.ref, ref.commit);
    if (path === null) statuses.set(ref.ref, { ...unreadable, updatedAt: ref.updatedAt });
    return path === null ? [] : [{ ...ref, spec: `${ref.oid}:${path}` }];
  });
  const sizes = await readSizes(run, files);
  const small = files.filter((_, index) => (sizes[index] ?? Infinity) <= maxStatusBytes);
  const contents =
    small.length === 0 ? [] : readBatch(await run(["cat-file", "--batch"], specsOf(small)), small.length);
  for (const { ref, commit, updatedAt } of files) statuses.set(ref, { commit, updatedAt, json: "" });
  small.forEach(({ ref, commit, updatedAt }, index) => {
    statuses.set(ref, { commit, updatedAt, json: contents[index] ?? "" });
  });
  return statuses;
}

/**
 * The status refs among the lines. A branch counts only where all of its name is that of a status: anybody may push one
 * whose name merely ends so.
 */
function readRefs(lines: readonly string[], tracking: string | null): LocalRef[] {
  const own = new Map<string, LocalRef>();
  const tracked = new Map<string, LocalRef>();
  for (const line of lines) {
    const [name = "", oid = "", seconds = "", subject = ""] = line.split("\0");
    const isTracked = tracking !== null && name.startsWith(tracking);
    const ref = isTracked ? `refs/heads/${name.slice(tracking.length)}` : name;
    if (readStatusRef(ref) === null) continue;
    // What is no commit has no date.
    const updatedAt = seconds === "" ? null : new Date(Number(seconds) * 1000);
    (isTracked ? tracked : own).set(ref, { ref, oid, commit: readStatusMessage(subject), updatedAt });
  }
  return [...new Map([...own, ...tracked]).values()];
}

type Run = (args: readonly string[], text?: string) => Promise<Buffer>;

/** The size of each file that is a blob; what is missing has none. */
async function readSizes(run: Run, files: readonly { spec: string }[]): Promise<(number | undefined)[]> {
  if (files.length === 0) return [];
  const output = await run(["cat-file", "--batch-check=%(objecttype) %(objectsize)"], specsOf(files));
  return output
    .toString("utf8")
    .split("\n")
    .map((line) => {
      const [type, size] = line.split(" ");
      return type === "blob" ? Number(size) : undefined;
    });
}

function specsOf(files: readonly { spec: string }[]): string {
  return files.map(({ spec }) => `${spec}\n`).join("");
}

/** `<object> SP blob SP <size> LF <contents> LF` for each (git-cat-file(1)). */
function readBatch(output: Buffer, count: number): string[] {
  const contents: string[] = [];
  let offset = 0;
  while (contents.length < count) {
    const end = output.indexOf(0x0a, offset);
    const size = Number(output.subarray(offset, end).toString("latin1").split(" ")[2]);
    if (end < 0 || !Number.isSafeInteger(size)) throw batchFailure();
    contents.push(output.toString("utf8", end + 1, end + 1 + size));
    offset = end + 1 + size + 1;
  }
  return contents;
}

function batchFailure(): KeelsonError {
  return noRepository("the repository", new Error("git cat-file does not have all objects"));
}
