import { readEntryName } from "@keelson/model";

import { readEntries } from "./folder.ts";
import { removeNote } from "./staged-note.ts";
import { openStore, removeStaged, requireEntryName } from "./staged-place.ts";
import { isDraft } from "./staged-release.ts";
import { whileWriting } from "./store-error.ts";

/**
 * Removes these entries of the store, and what kills left of others. The note goes first: what is half removed counts as nothing.
 * Throws K4001 to K4004, K4006 and K4024.
 */
export async function collectGarbage(stateDir: string, entries: readonly string[]): Promise<void> {
  await whileWriting(`remove from the store in ${stateDir}`, async () => {
    using store = openStore(stateDir);
    if (store === null) return;
    for (const entry of entries) {
      removeNote(store, requireEntryName(entry));
      await removeStaged(store, entry);
    }
    const found = [...readEntries(store)];
    const folders = new Set(
      found.flatMap(({ text, kind }) => (text !== null && kind === "folder" ? [text] : [])),
    );
    for (const { text, kind } of found) {
      if (text === null) continue;
      const entry = kind === "file" && text.endsWith(".json") ? text.slice(0, -".json".length) : null;
      if (entry !== null && readEntryName(entry) !== null && !folders.has(entry)) removeNote(store, entry);
      if (isDraft(text)) await removeStaged(store, text);
    }
  });
}
