import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { readShallow } from "./shallow.ts";
import { PackLimitError } from "./git-error.ts";
import { inboxOf, makeEmptyCopy, onDisk, readRef, refusedRef, tipRef, writeRef } from "./local-copy.ts";

/**
 * A bare repository beside a copy, into which the system's `git` fetches. It sees what the copy has; the copy takes from
 * it what is within the limits.
 */
export interface Inbox extends AsyncDisposable {
  gitDir: string;
  /** The commits that the copy has with all their history. */
  held: readonly string[];
  /** Commits whose parents were not fetched (gitrepository-layout(5), shallow). */
  readShallow: () => Promise<string[]>;
  /** Aborts once the packs that come are larger than they may be. */
  watchSize: (maxBytes: number, name: string) => { signal: AbortSignal } & Disposable;
}

const lookEveryMs = 100;

export async function openInbox(copy: string): Promise<Inbox> {
  const gitDir = await makeEmptyCopy(inboxOf(copy));
  const refs = [await readRef(copy, tipRef), await readRef(copy, refusedRef)];
  const held = refs.filter((commit) => commit !== null);
  if (held.length > 0) await borrow(gitDir, { copy, held });
  const packs = join(gitDir, "objects", "pack");

  const watchSize = (maxBytes: number, name: string) => {
    const end = new AbortController();
    const look = async () => {
      if ((await sizeOf(packs)) <= maxBytes) return;
      end.abort(new PackLimitError(`${name} sends more than ${maxBytes} bytes`));
    };
    // What cannot be looked at is told by Git, which writes there.
    const timer = setInterval(() => void look().catch(() => {}), lookEveryMs);
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

/** With the objects of the copy and names for them, Git asks for what is missing. */
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
