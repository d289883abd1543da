import { setTimeout as sleep } from "node:timers/promises";

import { InvariantError, KeelsonError } from "@keelson/model";
import type { Credential } from "@keelson/model";

import { startDeadline } from "./deadline.ts";
import type { Deadline } from "./deadline.ts";
import { DamageError, gitError, isSystemError } from "./git-error.ts";
import { diskFailure, isWorn, removeUnfinished } from "./local-copy.ts";
import { isObjectId } from "./object-id.ts";
import { openRemote } from "./open-remote.ts";
import type { Remote } from "./remote.ts";
import { writeStatusCommit } from "./status-commit.ts";
import type { StatusFiles } from "./status-commit.ts";
import { openStatusFolder } from "./status-folder.ts";
import type { StatusBase, StatusFolder } from "./status-folder.ts";
import { openStatusReader } from "./status-reader.ts";
import { statusRef } from "./status-ref.ts";
import type { StatusPlace } from "./status-ref.ts";

export interface PublishStatusInput<Files extends StatusFiles = StatusFiles> extends StatusPlace {
  /** The repository for statuses, in the form of a source's URL. */
  url: string;
  credential?: Credential;
  /** A small bare repository that nothing else uses, made when it is missing. One caller at a time. */
  gitDir: string;
  /** Full id of the commit that the status is about. */
  commit: string;
  /**
   * Makes what is published. `before` is the JSON that the ref has now, null where it has no status; `passedOver` is
   * the error that says that something else wrote there. Called again when the ref moved.
   */
  files: (before: string | null, passedOver: KeelsonError | null) => Files;
  /** For the whole call. */
  timeoutMs: number;
  /** The known hosts for ssh, as for `fetchSnapshot`. */
  knownHostsFile?: string;
}

export interface PublishedStatus<Files extends StatusFiles = StatusFiles> {
  ref: string;
  /** What the ref has now. */
  files: Files;
  /** False when the ref had the same status already. */
  pushed: boolean;
  /**
   * K2018 when the ref held something else than a status of this node. That was not read, and the status follows it.
   */
  passedOver: KeelsonError | null;
}

const maxRetries = 3;
const firstBackoffMs = 100;

/**
 * Writes a node's status into the node's own ref, as a new commit after the one that the ref is at; never by force.
 * When the folder was lost or the ref has moved, fetches the ref first and tries again, 3 times at most. Passes over
 * what is no status of this node or over the limits of one. Asks the server nothing when this status was pushed last.
 *
 * Throws K2013 when the server refuses the push, K2014 when the ref moves again and again, K2018 when the server takes
 * nothing after what the ref holds, and K2001, K2002, K2003, K2005, K2006, K2007, K2009, K2010 and K2012 as
 * `fetchSnapshot` does. The next call can always begin where this one ended.
 */
export async function publishStatus<Files extends StatusFiles>(
  input: PublishStatusInput<Files>,
): Promise<PublishedStatus<Files>> {
  const { gitDir, timeoutMs } = input;
  if (!isObjectId(input.commit)) throw new InvariantError("a status is about a full commit id");
  const ref = statusRef(input);
  const deadline = startDeadline(timeoutMs);
  const folder = openStatusFolder({ ...input, ref });
  using remote = await openRemote({ ...input, ref, deadline });
  await removeUnfinished(gitDir);
  let base = (await isWorn(gitDir)) ? null : await folder.readBase();
  base ??= await folder.renew(remote);
  for (let retry = 0, moved = false; ; retry++) {
    const end = await tryOnce(input, { ref, remote, folder, base });
    if (end.kind === "taken") {
      const { files, pushed, passedOver } = end;
      return { ref, files, pushed, passedOver };
    }
    if (retry === maxRetries) throw notTaken({ ref, moved, base, cause: end.cause });
    await backOff(retry, deadline);
    const renewed = await folder.renew(remote);
    moved = renewed.tip !== base.tip;
    base = renewed;
  }
}

type Attempt<Files> =
  | { kind: "taken"; files: Files; pushed: boolean; passedOver: KeelsonError | null }
  | { kind: "refused"; cause: unknown };

async function tryOnce<Files extends StatusFiles>(
  input: PublishStatusInput<Files>,
  { ref, remote, folder, base }: { ref: string; remote: Remote; folder: StatusFolder; base: StatusBase },
): Promise<Attempt<Files>> {
  const { gitDir } = input;
  try {
    const { known, tip } = base;
    const before = known === null ? null : await openStatusReader(gitDir)({ ref, oid: known });
    const passedOver = tip === known ? null : foreign(ref, `held ${tip}, which is no status of this node`);
    const files = input.files(before === null || before.json === "" ? null : before.json, passedOver);
    const commit = await writeStatusCommit({ ...input, base, files });
    if (commit === null) return { kind: "taken", files, pushed: false, passedOver };
    const end = await remote.push(gitDir, { commit, after: tip === known ? null : tip });
    if (end.kind === "refused") return end;
    await folder.saveBase(commit);
    return { kind: "taken", files, pushed: true, passedOver };
  } catch (cause) {
    // A killed agent may leave half an object here. The server has what counts.
    if (cause instanceof DamageError) return { kind: "refused", cause };
    if (cause instanceof KeelsonError) throw cause;
    if (isSystemError(cause)) throw diskFailure(gitDir, cause);
    return { kind: "refused", cause };
  }
}

/** Waits a random time, so that two writers of the ref do not collide again. */
async function backOff(retry: number, deadline: Deadline): Promise<void> {
  const waitMs = firstBackoffMs * 2 ** retry * (0.5 + Math.random());
  try {
    await sleep(waitMs, undefined, { signal: deadline.signal });
  } catch (cause) {
    throw gitError("K2005", { message: `the status was not pushed within ${deadline.timeoutMs} ms`, cause });
  }
}

function notTaken({
  ref,
  moved,
  base,
  cause,
}: {
  ref: string;
  moved: boolean;
  base: StatusBase;
  cause: unknown;
}) {
  if (moved) return gitError("K2014", { message: `something else keeps writing ${ref}`, cause });
  if (base.tip !== base.known)
    return foreign(ref, `holds ${base.tip}, and the server takes no status after it`, cause);
  return gitError("K2013", { message: `the server refuses the push of ${ref}`, cause });
}

function foreign(ref: string, what: string, cause?: unknown) {
  return gitError("K2018", { message: `${ref} ${what}`, ...(cause === undefined ? {} : { cause }) });
}
