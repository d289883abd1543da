/** A file of a revision or of a work tree, read without a checkout. */
export interface SourceFile {
  /** Path in the repository, with `/`, never absolute, without `.` or `..`. */
  path: string;
  /** Git's file mode: plain, executable, symbolic link, submodule. */
  mode: "100644" | "100755" | "120000" | "160000";
  bytes: Uint8Array;
}

export type SourceFiles = ReadonlyMap<string, SourceFile>;

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
