import { readFile } from "node:fs/promises";

import { type Page, runConsole, writeShown } from "../../documents/example.ts";
import { codeOf } from "../../support/foreign-error.ts";

export interface PageWalk {
  env: NodeJS.ProcessEnv;
  /** Where the page's first command is given. */
  cwd: string;
  /** Where its files are written below. */
  folder: string;
  /** What the page shows, and what stands for it here: ports, addresses, folders. */
  inPlaceOf: Readonly<Record<string, string>>;
}

/** Does what a page says, up to the first answer that is not the one that is shown: that one, or null. */
export async function walkPage({ blocks }: Page, walk: PageWalk): Promise<string | null> {
  const { env, cwd, folder } = walk;
  for (const shown of blocks) {
    const block = { ...shown, text: replaceAll(shown.text, walk.inPlaceOf) };
    if ("write" in block.attributes) await writeShown(block, folder);
    if (block.language !== "console" || !("engine" in block.attributes)) continue;
    const finding = await runConsole(block, { cwd, env, timeoutMs: 120_000 });
    if (finding !== null) return finding;
  }
  return null;
}

/** Replaces every key by its value. */
export function replaceAll(text: string, inPlaceOf: Readonly<Record<string, string>>): string {
  return Object.entries(inPlaceOf).reduce((done, [shown, own]) => done.replaceAll(shown, own), text);
}

/** Kills the agent of this file if a page that failed left it running. */
export async function endAgent(pidFile: string): Promise<void> {
  try {
    process.kill(Number(await readFile(pidFile, "utf8")), "SIGKILL");
  } catch (error) {
    if (!["ENOENT", "ESRCH"].includes(codeOf(error) ?? "")) throw error;
  }
}
