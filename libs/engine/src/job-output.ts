import { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

import { cleanText, excerpt } from "./excerpt.ts";

/** More than the excerpt shows, so that a secret value at its beginning is there as a whole. */
const keptCharacters = 64 * 1024;

/** Where a job may write, of which only the end is kept. */
export interface JobOutput {
  stdout: Writable;
  stderr: Writable;
  /** The last lines of both streams, in the order in which they came: bounded, clean, and without secret values. */
  read: (hideValues: (text: string) => string) => string;
}

export function keepJobOutput(): JobOutput {
  let kept = "";
  let isCut = false;
  const keep = () => {
    const decoder = new StringDecoder("utf8");
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        kept += decoder.write(chunk);
        isCut ||= kept.length > keptCharacters;
        kept = kept.slice(-keptCharacters);
        done();
      },
    });
  };
  return {
    stdout: keep(),
    stderr: keep(),
    // Behind the mark of a cut, the rest of a value is hidden too.
    // Once more when it is clean: what is taken out of a text can stand in a value and hide it.
    read: (hideValues) => excerpt(hideValues(cleanText(hideValues(`${isCut ? "…" : ""}${kept}`)))),
  };
}
