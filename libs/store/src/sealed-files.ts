import { SealedFile } from "@keelson/model";

import { readDocument, writeDocument } from "./document.ts";
import { makeStateFolder, openStateFolder } from "./folder.ts";
import { whileReading, whileWriting } from "./store-error.ts";

const documentName = "sealed.json";

/** Keeps what a round has opened, encrypted as it is: runs of jobs have no repository. Throws K4001 to K4004. */
export async function writeSealedFiles(input: {
  stateDir: string;
  files: readonly SealedFile[];
}): Promise<void> {
  await whileWriting(`write the sealed files to ${input.stateDir}`, () => {
    using state = makeStateFolder(input.stateDir);
    if (input.files.length === 0 && readDocument(state, documentName) === null) return;
    writeDocument(state, { name: documentName, text: `${JSON.stringify(input.files)}\n` });
  });
}

/** What was kept last; none when it is not there. Throws K4003 and K4006. */
export async function readSealedFiles(stateDir: string): Promise<SealedFile[]> {
  return await whileReading(`read the sealed files in ${stateDir}`, () => {
    using state = openStateFolder(stateDir);
    const text = state === null ? null : readDocument(state, documentName);
    return text === null ? [] : SealedFile.array().parse(JSON.parse(text));
  });
}
