import type { Revision, Source } from "@keelson/model";

import { branchRef } from "./branch-ref.ts";
import type { CommitReader, CommitSummary } from "./commit-reader.ts";
import { startDeadline } from "./deadline.ts";
import { DamageError } from "./git-error.ts";
import {
  dropTip,
  incomingFolder,
  installIncoming,
  makeEmptyCopy,
  readTip,
  removeIncoming,
  writeTip,
} from "./local-copy.ts";
import { openRemote } from "./open-remote.ts";
import type { Remote } from "./remote.ts";

export interface FetchRevisionInput {
  source: Source;
  /** The node's own bare copy; made when it is missing, made anew when it is damaged. One caller at a time. */
  gitDir: string;
  /** For all of the call; reading files later has the same again. */
  timeoutMs: number;
  /** For ssh, instead of those of the user and the machine: only the hosts in it are trusted. An absolute path. */
  knownHostsFile?: string;
}

/** A commit of the copy that has been read. */
interface Held {
  commit: string;
  summary: CommitSummary;
  reader: CommitReader;
  fetched: boolean;
}

/**
 * Returns the commit that the source's branch is at now, with its whole history in the copy. Asks for the branch
 * first (over HTTP two requests), and fetches only when it has moved. A rewound branch is followed like any other:
 * whether that is allowed is not decided here.
 *
 * Throws K2001 not reachable, K2002 not authorised, K2003 no such repository or branch, K2005 timed out, K2006 URL,
 * redirect or branch not permitted, K2007 too large, K2009 unexpected answer or damaged objects, K2010 no `git` for a
 * local path, K2012 disk. After any of them the copy is as usable as before.
 */
export async function fetchRevision(input: FetchRevisionInput): Promise<Revision> {
  const { source, gitDir, timeoutMs, knownHostsFile } = input;
  const ref = branchRef(source.branch);
  const deadline = startDeadline(timeoutMs);
  using remote = await openRemote({ ...source, ref, deadline, knownHostsFile });
  const advertised = await remote.findTip();
  const held = await bringCopyTo(advertised, { remote, gitDir });
  return {
    commit: held.commit,
    ref,
    ...held.summary,
    fetched: held.fetched,
    readFiles: async (prefixes) => {
      try {
        return await held.reader.readFiles(prefixes);
      } catch (error) {
        // From now on the copy counts as none, so that the next round does not find it up to date.
        if (error instanceof DamageError) await dropTip(gitDir);
        throw error;
      }
    },
  };
}

interface CopyOf {
  remote: Remote;
  gitDir: string;
}

async function bringCopyTo(advertised: string, { remote, gitDir }: CopyOf): Promise<Held> {
  const tip = await readTip(gitDir);
  if (tip === null) return await copyAnew({ remote, gitDir });
  try {
    if (tip === advertised) return { ...(await open({ remote, gitDir }, tip)), fetched: false };
    return await update({ remote, gitDir });
  } catch (error) {
    // It cannot be told whether the copy is damaged or what the server sent: a new copy shows it.
    if (error instanceof DamageError) return await copyAnew({ remote, gitDir });
    throw error;
  }
}

async function update({ remote, gitDir }: CopyOf): Promise<Held> {
  const commit = await remote.fetchInto(gitDir);
  const opened = await open({ remote, gitDir }, commit);
  await writeTip(gitDir, commit);
  return { ...opened, fetched: true };
}

/** The old copy stays until the new one is whole, and for ever when there will be none. */
async function copyAnew({ remote, gitDir }: CopyOf): Promise<Held> {
  const incoming = await makeEmptyCopy(incomingFolder(gitDir));
  try {
    const { commit } = await update({ remote, gitDir: incoming });
    await installIncoming(gitDir);
    return { ...(await open({ remote, gitDir }, commit)), fetched: true };
  } catch (error) {
    await removeIncoming(gitDir);
    throw error;
  }
}

/** Reading the commit proves that it is there and is one. */
async function open({ remote, gitDir }: CopyOf, commit: string): Promise<Omit<Held, "fetched">> {
  const reader = remote.openReader(gitDir, commit);
  return { commit, reader, summary: await reader.readSummary() };
}
