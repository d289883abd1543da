import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";

import { stalled } from "@keelson/model";
import type { KeelsonError } from "@keelson/model";

import type { Deadline } from "./deadline.ts";
import { gitError } from "./git-error.ts";
import { openInbox } from "./inbox.ts";
import type { Inbox } from "./inbox.ts";
import { readRef } from "./local-copy.ts";
import { isObjectId } from "./object-id.ts";
import type { PackLimits } from "./pack-limits.ts";
import { openPackReceiver } from "./pack-receiver.ts";
import { branchMissing, unknownObjectFormat } from "./remote.ts";
import type { Remote } from "./remote.ts";
import { addShallow } from "./shallow.ts";
import { fetchOptions, runGit } from "./system-git.ts";
import type { SystemGitEnd, SystemGitInput } from "./system-git.ts";
import { openSystemReader } from "./system-reader.ts";

export interface SystemRemoteInput {
  /** A checked path or URL, for Git. */
  address: string;
  /** Its name in messages. */
  name: string;
  /** Full name of the one ref. */
  ref: string;
  deadline: Deadline;
  transport: Pick<SystemGitInput, "transport" | "sshCommand">;
  /** Called before each use of the address. */
  check: () => Promise<void>;
  /** Makes the error for a Git that failed to ask for refs or to fetch. */
  failure: (during: "ask" | "fetch", end: SystemGitEnd) => KeelsonError;
}

/** The ref of the inbox into which Git fetches. */
const incomingRef = "refs/keelson/incoming";
/** Exit code of `ls-remote --exit-code` when there is no such ref (git-ls-remote(1)). */
const noSuchRef = 2;
/** Exit code of `push` when the server refuses it; a fatal error has 128. */
const pushRefused = 1;

/**
 * Makes Git take a commit of the copy for one without parents (gitrepository-layout(5), info/grafts), so that Git packs
 * it without them.
 */
async function addGraft(gitDir: string, commit: string): Promise<void> {
  await mkdir(join(gitDir, "info"), { recursive: true });
  await appendFile(join(gitDir, "info", "grafts"), `${commit}\n`);
}

/** A ref of a repository that the system's `git` reaches. */
export function openSystemRemote(input: SystemRemoteInput): Remote {
  const { address, name, ref, deadline, transport, check, failure } = input;
  const run = (at: readonly string[], args: readonly string[], more: Partial<SystemGitInput> = {}) =>
    runGit({
      at,
      args,
      timeoutMs: deadline.leftMs(),
      configuration: "closed",
      ...transport,
      ...more,
      signal: AbortSignal.any([deadline.signal, ...(more.signal === undefined ? [] : [more.signal])]),
    });

  /** Moves what was fetched from the inbox into the copy, within the same limits as a pack over HTTP. */
  const passOn = async (inbox: Inbox, to: { gitDir: string; oid: string; limits: PackLimits }) => {
    const { gitDir, oid, limits } = to;
    await using receiver = await openPackReceiver({ gitDir, limits, name, signal: deadline.signal });
    const options = ["--revs", "--stdout", "--delta-base-offset", "--window=0", "-q"];
    const packed = await run(["--git-dir", inbox.gitDir], ["pack-objects", ...options], {
      input: [oid, ...inbox.held.map((commit) => `^${commit}`), ""].join("\n"),
      take: (chunk) => receiver.write(chunk),
    });
    if (packed.exitCode !== 0) throw failure("fetch", packed);
    await receiver.install();
    await addShallow(gitDir, await inbox.readShallow());
  };

  const seekTip = async () => {
    await check();
    const end = await run([], ["ls-remote", "--exit-code", "--", address, ref]);
    if (end.exitCode === noSuchRef) return null;
    if (end.exitCode !== 0) throw failure("ask", end);
    const lines = end.stdout.toString("utf8").split("\n");
    const oid = lines.find((line) => line.endsWith(`\t${ref}`))?.split("\t", 1)[0];
    if (oid === undefined) return null;
    if (!isObjectId(oid)) throw unknownObjectFormat(name);
    return oid;
  };

  const isAway = async () => (await run([], ["ls-remote", "--quiet", "--", address])).exitCode !== 0;

  return {
    seekTip,
    findTip: async () => {
      const oid = await seekTip();
      if (oid === null) throw branchMissing(ref, name);
      return oid;
    },
    fetchInto: async (gitDir, { limits, depth }) => {
      await using inbox = await openInbox(gitDir);
      using size = inbox.watchSize(limits.packBytes, name);
      // Have Git keep even a small fetch as a pack, whose size can be watched.
      const at = ["--git-dir", inbox.gitDir, "-c", "fetch.unpackLimit=1"];
      const options = [...fetchOptions, ...(depth === undefined ? [] : [`--depth=${depth}`])];
      const refspec = `+${ref}:${incomingRef}`;
      const fetched = await run(at, ["fetch", ...options, "--", address, refspec], { signal: size.signal });
      if (fetched.exitCode !== 0) throw failure("fetch", fetched);
      const oid = await readRef(inbox.gitDir, incomingRef);
      if (oid === null) throw failure("fetch", fetched);
      await passOn(inbox, { gitDir, oid, limits });
      return oid;
    },
    push: async (gitDir, { commit, after }) => {
      await check();
      const options = ["--quiet", "--no-verify", "--no-follow-tags", "--recurse-submodules=no"];
      if (after !== null) {
        // Git checks that the commit follows on `after`, which the copy does not have. The server checks it too.
        await addGraft(gitDir, commit);
        options.push(`--force-with-lease=${ref}:${after}`);
      }
      const end = await run(["--git-dir", gitDir], ["push", ...options, "--", address, `${commit}:${ref}`]);
      if (end.exitCode === 0) return { kind: "done" };
      if (end.exitCode !== pushRefused) throw failure("ask", end);
      return { kind: "refused", cause: end.complaint };
    },
    beginPush: async () => {
      await check();
      // The server's side of a push lists the refs first, as for a fetch, and accepts that nothing follows.
      const end = await run([], ["ls-remote", "--quiet", "--upload-pack=git-receive-pack", "--", address]);
      if (end.exitCode === 0) return;
      const error = failure("ask", end);
      if (["K2002", "K2003"].includes(error.code) || (await isAway())) throw error;
      const message = `the login may read ${name}, but not push to it`;
      throw gitError("K2013", { message, outcome: stalled, cause: end.complaint });
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
