import { startDeadline } from "./deadline.ts";
import { onDisk } from "./local-copy.ts";
import { openRemote } from "./open-remote.ts";
import type { PublishStatusInput } from "./publish-status.ts";
import type { FoundRef } from "./status-fetch.ts";
import { openStatusFolder } from "./status-folder.ts";
import { keepDiskFailure, openStatusReader } from "./status-reader.ts";
import { statusRef } from "./status-ref.ts";
import { unreadable } from "./status-text.ts";
import type { StatusText } from "./status-text.ts";

/** As for `publishStatus`, with the same folder. */
export type ReadOwnStatusInput = Omit<PublishStatusInput, "commit" | "files">;

/**
 * Returns the status that this node published last; null when its ref is missing. Reads the folder of `publishStatus`
 * and asks no server. Only where the folder is lost, damaged or of another place, makes it anew from the server first.
 * A ref that holds no status gives empty `json`. Throws K2001, K2002, K2003, K2005, K2006, K2007, K2009, K2010 and
 * K2012 as `fetchSnapshot` does.
 */
export async function readOwnStatus(input: ReadOwnStatusInput): Promise<StatusText | null> {
  const { gitDir } = input;
  const ref = statusRef(input);
  const folder = openStatusFolder({ ...input, ref });
  const base = await folder.readBase();
  const held = base === null || base.known === null ? null : await read(gitDir, { ref, oid: base.known });
  if (held !== null) return held;
  using remote = await openRemote({ ...input, ref, deadline: startDeadline(input.timeoutMs) });
  const { tip, known } = await folder.renew(remote);
  if (known !== null) return (await read(gitDir, { ref, oid: known })) ?? unreadable;
  return tip === null ? null : unreadable;
}

/** Null when the folder lacks some of it. */
async function read(gitDir: string, found: FoundRef): Promise<StatusText | null> {
  return await onDisk(gitDir, async () => openStatusReader(gitDir)(found).catch(keepDiskFailure));
}
