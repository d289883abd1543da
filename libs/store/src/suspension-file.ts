import { join } from "node:path";

import { readDocument, writeDocument } from "./document.ts";
import { makeStateFolder, openStateFolder, removeFile, syncFolder } from "./folder.ts";
import { whileReading, whileWriting } from "./store-error.ts";
import { requireTrusted } from "./trusted-path.ts";

const documentName = "suspended.json";

/**
 * The suspension of the node as it was written; null when there is none. Throws K4003, K4006, and K4016 where another user could
 * have written it: the state folder may be trusted and the file in it not.
 */
export async function readSuspension(stateDir: string): Promise<string | null> {
  requireTrusted(join(stateDir, documentName), "the suspension");
  return await whileReading(`read the suspension in ${stateDir}`, () => {
    using state = openStateFolder(stateDir);
    return state === null ? null : readDocument(state, documentName);
  });
}

/** Throws K4001 to K4004. */
export async function writeSuspension(input: { stateDir: string; text: string }): Promise<void> {
  await whileWriting(`write the suspension to ${input.stateDir}`, () => {
    using state = makeStateFolder(input.stateDir);
    writeDocument(state, { name: documentName, text: input.text });
  });
}

/** Does nothing where there is none. Throws K4001 to K4004. */
export async function removeSuspension(stateDir: string): Promise<void> {
  await whileWriting(`remove the suspension in ${stateDir}`, () => {
    using state = openStateFolder(stateDir);
    if (state === null) return;
    removeFile(state, documentName);
    syncFolder(state);
  });
}
