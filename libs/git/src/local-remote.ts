import { stat } from "node:fs/promises";

import type { Deadline } from "./deadline.ts";
import { DamageError, gitError } from "./git-error.ts";
import { isObjectId } from "./local-copy.ts";
import { branchMissing, unknownObjectFormat } from "./remote.ts";
import type { Remote } from "./remote.ts";
import { runGit } from "./system-git.ts";
import { openSystemReader } from "./system-reader.ts";

export interface LocalRemoteInput {
  /** Absolute folder of a repository, bare or not. */
  path: string;
  /** Full name of the branch's ref. */
  ref: string;
  deadline: Deadline;
}

/** Moved by Git itself, so it can name a commit that nobody has verified. */
const incomingRef = "refs/keelson/incoming";
/** Exit code of `ls-remote --exit-code` when there is no such ref (git-ls-remote(1)). */
const noSuchRef = 2;
/** Exit code of `push` when the other side does not take it; a fatal error has 128. */
const pushRefused = 1;

/** A branch of a repository on this machine, brought over by the system's `git`. */
export function openLocalRemote({ path, ref, deadline }: LocalRemoteInput): Remote {
  const run = (at: readonly string[], args: readonly string[]) =>
    runGit({ at, args, timeoutMs: deadline.leftMs(), configuration: "closed", transport: "file" });

  const seekTip = async () => {
    await checkFolder(path);
    const end = await run([], ["ls-remote", "--exit-code", "--", path, ref]);
    if (end.exitCode === noSuchRef) return null;
    if (end.exitCode !== 0) throw noRepository(path, end.complaint);
    const lines = end.stdout.toString("utf8").split("\n");
    const oid = lines.find((line) => line.endsWith(`\t${ref}`))?.split("\t", 1)[0];
    if (oid === undefined) return null;
    if (!isObjectId(oid)) throw unknownObjectFormat(path);
    return oid;
  };

  return {
    seekTip,
    findTip: async () => {
      const oid = await seekTip();
      if (oid === null) throw branchMissing(ref, path);
      return oid;
    },
    fetchInto: async (gitDir, depth) => {
      const copy = ["--git-dir", gitDir];
      const options = ["--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"];
      if (depth !== undefined) options.push(`--depth=${depth}`);
      const fetched = await run(copy, ["fetch", ...options, "--", path, `+${ref}:${incomingRef}`]);
      if (fetched.exitCode !== 0) throw notFetched(path, fetched.complaint);
      const parsed = await run(copy, ["rev-parse", "--verify", "--quiet", incomingRef]);
      const oid = parsed.stdout.toString("utf8").trim();
      if (!isObjectId(oid)) throw notFetched(path, parsed.complaint);
      return oid;
    },
    push: async (gitDir, commit) => {
      await checkFolder(path);
      const options = ["--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"];
      const end = await run(["--git-dir", gitDir], ["push", ...options, "--", path, `${commit}:${ref}`]);
      if (end.exitCode === 0) return { kind: "done" };
      if (end.exitCode !== pushRefused) throw noRepository(path, end.complaint);
      return { kind: "refused", cause: end.complaint };
    },
    openReader: (gitDir, commit) =>
      openSystemReader({
        at: ["--git-dir", gitDir],
        commit,
        configuration: "closed",
        timeoutMs: deadline.timeoutMs,
      }),
    [Symbol.dispose]: () => {},
  };
}

async function checkFolder(path: string): Promise<void> {
  const status = await stat(path).catch((cause: unknown) => {
    throw noRepository(path, cause);
  });
  // A file would be read as a bundle.
  if (!status.isDirectory()) throw noRepository(path, undefined);
}

function noRepository(path: string, cause: unknown) {
  return gitError("K2003", {
    message: `there is no Git repository at ${path} that can be read`,
    hint: "Check source.url in agent.yaml; the repository must belong to the user that Keelson runs as.",
    cause,
  });
}

function notFetched(path: string, cause: unknown) {
  return new DamageError({ message: `what ${path} holds cannot be fetched`, cause });
}
