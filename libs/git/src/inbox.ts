import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { readShallow } from "./shallow.ts";
import { PackLimitError } from "./git-error.ts";
import { inboxOf, makeEmptyCopy, onDisk, readRef, refusedRef, tipRef, writeRef } from "./local-copy.ts";

/**
 * A bare repository beside a copy, into which the system's `git` fetches. It sees the objects of the copy. The copy
 * takes what came only if that is within the limits.
 */
export interface Inbox extends AsyncDisposable {
  gitDir: string;
  /** The commits that the copy has with all their history. */
  held: readonly string[];
  /** Commits whose parents were not fetched (gitrepository-layout(5), `shallow`). */
  readShallow: () => Promise<string[]>;
  /** Its signal aborts once the packs that have come are larger than `maxBytes`. */
  watchSize: (maxBytes: number, name: string) => { signal: AbortSignal } & Disposable;
}

const checkEveryMs = 100;

export async function openInbox(copy: string): Promise<Inbox> {
  const gitDir = await makeEmptyCopy(inboxOf(copy));
  const refs = [await readRef(copy, tipRef), await readRef(copy, refusedRef)];
  const held = refs.filter((commit) => commit !== null);
  if (held.length > 0) await borrow(gitDir, { copy, held });
  const packs = join(gitDir, "objects", "pack");

  const watchSize = (maxBytes: number, name: string) => {
    const end = new AbortController();
    const checkSize = async () => {
      if ((await sizeOf(packs)) <= maxBytes) return;
      end.abort(new PackLimitError(`${name} sends more than ${maxBytes} bytes`));
    };
    // A folder that cannot be read fails Git too, which writes there: Git's error is the one that is thrown.
    const timer = setInterval(() => void checkSize().catch(() => {}), checkEveryMs);
    return { signal: end.signal, [Symbol.dispose]: () => clearInterval(timer) };
  };

  return {
    gitDir,
    held,
    watchSize,
    readShallow: () => readShallow(gitDir),
    [Symbol.asyncDispose]: () => rm(gitDir, { recursive: true, force: true }),
  };
}

/** Gives the inbox the objects of the copy and refs to them, so that Git asks only for what is missing. */
async function borrow(
  gitDir: string,
  { copy, held }: { copy: string; held: readonly string[] },
): Promise<void> {
  await onDisk(copy, async () => {
    const folder = join(gitDir, "objects", "info");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "alternates"), `${resolve(copy)}/objects\n`);
  });
  for (const [index, commit] of held.entries()) {
    await writeRef({ gitDir, ref: `refs/keelson/held-${index}`, commit });
  }
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
