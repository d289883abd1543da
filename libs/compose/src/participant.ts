import type { ComposeDocument } from "./compose-document.ts";

/** A Compose file that takes part. Paths are those of the repository. */
export interface Participant {
  document: ComposeDocument;
  /** Null for the environment's override, which lies outside of the package. */
  path: string | null;
  /** Where its relative paths start. */
  folder: string;
  /** A `base` file is only read for the services that others extend. */
  role: "project" | "included" | "base";
  /** All that it may interpolate. Values of dotenv files count only by how much they are. */
  variables: Readonly<Record<string, string>>;
}

/** A file that Compose reads into the model, or for variables: `dotenv` is that of an include. */
export interface PlainFile {
  kind: "env_file" | "label_file" | "dotenv";
  /** In the repository, where the Compose file looks for it. */
  path: string;
  /** The same from the project's folder, for messages. */
  name: string;
  bytes: Uint8Array;
  /** Read line by line, without quotes and variables. */
  raw: boolean;
  /** Null for a rendered file, which is not in the repository. */
  file: string | null;
  namedBy: { participant: Participant; path: readonly string[] };
}

/** The files that take part: Compose is given these and no others. */
export interface Participants {
  /** Where relative paths of the project start, in the repository. */
  projectFolder: string;
  /** The project's own variables. */
  variables: Readonly<Record<string, string>>;
  /** The project's `.env`, without what would steer Compose; null when there is none. */
  dotenv: string | null;
  composeFiles: Participant[];
  plainFiles: PlainFile[];
}
