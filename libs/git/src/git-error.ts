import { KeelsonError, redact, stalled, transient } from "@keelson/model";
import type { Outcome } from "@keelson/model";

/** The codes that this room throws; docs/errors.md explains them. */
export type GitErrorCode =
  | "K2001"
  | "K2002"
  | "K2003"
  | "K2004"
  | "K2005"
  | "K2006"
  | "K2007"
  | "K2008"
  | "K2009"
  | "K2010"
  | "K2012"
  | "K2013"
  | "K2014"
  | "K2015"
  | "K2017"
  | "K2018";

interface Meaning {
  hint: string;
  outcome: Outcome;
}

const meanings: Record<GitErrorCode, Meaning> = {
  K2001: {
    hint: "Check the URL, and that the server runs and can be reached from this machine; the next round tries again.",
    outcome: transient,
  },
  K2002: {
    hint: "Set source.credential in agent.yaml to a token or user:password that may read the repository.",
    outcome: stalled,
  },
  K2003: {
    hint: "Check source.url and source.branch in agent.yaml. Many servers answer in this way also when the credential may not read a private repository.",
    outcome: stalled,
  },
  K2004: {
    hint: "Name a Git repository with --repository, and a branch, tag or commit that it has.",
    outcome: stalled,
  },
  K2005: {
    hint: "Check the connection to the server. If the repository is large or the link is slow, raise timeouts.git in agent.yaml.",
    outcome: transient,
  },
  K2006: {
    hint: "Use an http(s) or ssh URL, an absolute path or a file:// URL, and a branch name that git check-ref-format --branch accepts.",
    outcome: stalled,
  },
  K2007: {
    hint: "Take large files out of the state repository: images belong in a registry, data in volumes.",
    outcome: stalled,
  },
  K2008: {
    hint: "Rename the entry: a path must have no empty, `.`, `..` or `.git` part, no backslash and no control character, and it must be UTF-8.",
    outcome: stalled,
  },
  K2009: {
    hint: "Check that the URL is that of a Git repository, and run git fsck in it on the server; the next round tries again.",
    outcome: transient,
  },
  K2010: { hint: "Install the program git and check that it is in PATH.", outcome: stalled },
  K2012: {
    hint: "Check that the disk is not full and that Keelson may read and write the folder; the next round tries again.",
    outcome: transient,
  },
  K2013: {
    hint: "Give the credential the right to push this ref, and check that no hook or protection on the server refuses it. If the host takes no notes, set report.as: branch in agent.yaml.",
    outcome: transient,
  },
  K2014: {
    hint: "Check that no second agent runs with the same environment and node: each node writes a ref of its own.",
    outcome: transient,
  },
  K2015: {
    hint: "Keelson needs the whole history of the branch. Run git fsck in the repository on the server, and check that it has no file named shallow.",
    outcome: transient,
  },
  K2017: {
    hint: "Set the branch back to the commit before the one that brought the large object. This node has not followed that commit, so it follows the branch again after that.",
    outcome: stalled,
  },
  K2018: {
    hint: "Check who may push to this ref, and that no second agent runs with the same environment and node. If the server goes on refusing the status, delete the ref there: the node makes it anew.",
    outcome: transient,
  },
};

export interface GitErrorInput {
  message: string;
  /** Instead of the code's own. */
  hint?: string;
  outcome?: Outcome;
  cause?: unknown;
}

/** The error of a code, with that code's hint and outcome by default. Credentials in URLs are taken out. */
export function gitError(code: GitErrorCode, { message, hint, outcome, cause }: GitErrorInput): KeelsonError {
  const meaning = meanings[code];
  return new KeelsonError({
    code,
    message: redact(message),
    hint: redact(hint ?? meaning.hint),
    outcome: outcome ?? meaning.outcome,
    ...(cause === undefined ? {} : { cause: tame(cause) }),
  });
}

/**
 * K2009 for objects that cannot be read. Either the copy is damaged or what the server sent: a new copy shows which. An
 * answer that is not Git's protocol is another error, for which no new copy is made.
 */
export class DamageError extends KeelsonError {
  constructor(input: { message: string; hint?: string; cause: unknown }) {
    const { hint, outcome } = meanings.K2009;
    super({
      code: "K2009",
      hint,
      outcome,
      ...input,
      message: redact(input.message),
      cause: tame(input.cause),
    });
    this.name = "DamageError";
  }
}

/** K2017: objects over a limit. They are found before they are stored. */
export class PackLimitError extends KeelsonError {
  constructor(message: string) {
    super({ code: "K2017", ...meanings.K2017, message: redact(message) });
    this.name = "PackLimitError";
  }
}

const maxQuoteLength = 300;

/** One line of a server's or a program's text without control and direction characters, since terminals print it. */
export function quoteLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what must be found
  return redact(text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " "))
    .trim()
    .slice(0, maxQuoteLength);
}

/** A library's error in a form that can be printed: those of isomorphic-git quote what the server sent. */
function tame(cause: unknown): unknown {
  if (!(cause instanceof Error) || cause instanceof KeelsonError) return cause;
  const message = quoteLine(cause.message);
  return message === cause.message ? cause : new Error(message);
}

/** The `code` of errors of Node and isomorphic-git; empty when there is none. */
export function foreignCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Whether the operating system says that there is nothing at a path. */
export function isAbsence(error: unknown): boolean {
  return isSystemError(error) && ["ENOENT", "ENOTDIR"].includes(error.code ?? "");
}

/** Whether the error is the operating system's, and not that of a library about what it read. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "errno" in error && typeof error.errno === "number";
}

/** A hint with what the program said of a command on this machine, which names what to mend. */
export function saidByGit(complaint: Error | undefined, advice: string): string {
  const said = complaint === undefined || complaint.message === "" ? "" : `Git says: ${complaint.message}. `;
  return `${said}${advice}`.trim() || "Call the same command of Git yourself to see more.";
}
