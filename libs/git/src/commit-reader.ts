import type { Snapshot, SourceFiles } from "@keelson/model";

import type { FileLimit } from "./file-set.ts";

/** A commit's own words, and the door to its files. */
export interface CommitReader {
  readSummary: () => Promise<CommitSummary>;
  readFiles: (paths: readonly string[], limit: FileLimit) => Promise<SourceFiles>;
  listPaths: Snapshot["listPaths"];
}

export type CommitSummary = Pick<Snapshot, "subject" | "author" | "committedAt">;

export interface CommitParts {
  message: string;
  author: { name: string; email: string };
  /** Seconds since 1970. */
  committedAt: number;
}

/** Subject and author in the form of a snapshot: the first line of the message, and `Name <email>`. */
export function summarise({ message, author, committedAt }: CommitParts): CommitSummary {
  return {
    subject: message.trimStart().split("\n", 1)[0]?.trimEnd() ?? "",
    author: `${author.name} <${author.email}>`,
    committedAt: new Date(committedAt * 1000),
  };
}
