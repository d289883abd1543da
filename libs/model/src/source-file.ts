/** A file of a revision or of a work tree, read without a checkout. */
export interface SourceFile {
  /** Path in the repository, with `/`, never absolute, without `.` or `..`. */
  path: string;
  /** Git's file mode: plain, executable, symbolic link, submodule. */
  mode: "100644" | "100755" | "120000" | "160000";
  /** Empty for a submodule, and for what is special, too large or refused. */
  bytes: Uint8Array;
  /** A pipe, a socket or a device of a work tree, which Git cannot hold. */
  special?: true;
  /** A file over the size limit, which is there but was not read. */
  tooLarge?: { sizeBytes: number; limitBytes: number };
  /** A problem was given for the file as such: whatever else would be wrong without its content is not said. */
  refused?: true;
}

/** The largest file of a repository that is read, where agent.yaml says nothing else. */
export const defaultFileBytes = 16 * 1024 * 1024;

/** The most that agent.yaml may permit: no larger object is taken from a server. */
export const mostFileBytes = 32 * 1024 * 1024;

export type SourceFiles = ReadonlyMap<string, SourceFile>;

/** A file of Git attributes outside of the folders that are read. */
export interface AttributeFile {
  /** Its path is as people know it, such as `../.gitattributes` or `.git/info/attributes`. */
  file: SourceFile;
  /** What stands before a path of the state repository where this file's patterns begin: `state/`, or nothing. */
  lead: string;
  mayHaveMacros: boolean;
}

/** The attributes that stand above `releases/`. */
export interface OuterAttributes {
  /** From the top of the Git repository down to the state repository; a later one wins. */
  above: readonly AttributeFile[];
  /** What only this clone has; it wins over all other files. Null for a commit, which no clone changes. */
  clone: AttributeFile | null;
}

/** Where the desired state comes from; `url` may be http(s), a local path or file://. */
export interface Source {
  url: string;
  branch: string;
  credential?: Credential;
}

/** A file whose only content is a token or `user:password`, or a command that prints one. */
export type Credential = { file: string } | { command: string[] };

/** Bytes as text; every document of a repository is UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: false }).decode(bytes);
}
