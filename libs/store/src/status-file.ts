import { readDocument, writeDocument } from "./document.ts";
import { makeStateFolder, openStateFolder } from "./folder.ts";
import { whileReading, whileWriting } from "./store-error.ts";

const documentName = "status.json";

/** Writes the node's status to the state folder; an equal one is not touched. Throws K4001 to K4004. */
export async function writeStatus(input: { stateDir: string; text: string }): Promise<void> {
  await whileWriting(`write the status to ${input.stateDir}`, () => {
    using state = makeStateFolder(input.stateDir);
    writeDocument(state, { name: documentName, text: input.text });
  });
}

/** The status as it was written last; null when there is none. Throws K4003 when it cannot be read. */
export async function readStatus(stateDir: string): Promise<string | null> {
  return await whileReading(`read the status in ${stateDir}`, () => {
    using state = openStateFolder(stateDir);
    return state === null ? null : readDocument(state, documentName);
  });
}
