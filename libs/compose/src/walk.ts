import type { ComposeInput, Problem, SourceFile } from "@keelson/model";

import type { ComposeDocument } from "./compose-document.ts";
import type { Participant, PlainFile } from "./participant.ts";

/** What a search for the files that take part has found so far. */
export interface Walk {
  input: ComposeInput;
  projectFolder: string;
  composeFiles: Participant[];
  plainFiles: PlainFile[];
  problems: Problem[];
  /** Files that may be named, by path in the repository. */
  packageFiles: ReadonlyMap<string, SourceFile>;
  /** The same of rendered ones. */
  renderedFiles: ReadonlyMap<string, Uint8Array>;
  boundPaths: ReadonlySet<string>;
  documents: Map<string, readonly ComposeDocument[]>;
  /** The variables of the project's `.env` and of settings. */
  written: Participant["variables"];
  /** By the variables with which a file is read. */
  seen: Map<Participant["variables"], Set<string>>;
  bytesLeft: number;
}

/** A Compose file before it is read. */
export interface VisitedFile extends Omit<Participant, "document"> {
  source: SourceFile;
  /** Files that include this one, outermost first. */
  chain: readonly string[];
}
