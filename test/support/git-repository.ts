import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runProgram } from "./program.ts";
import type { ProgramResult } from "./program.ts";
import { makeTempFolder } from "./temp-folder.ts";

/** Text or bytes of a file, with a mode where it matters, or null to remove it. */
export type FileChange =
  | string
  | Uint8Array
  | { readonly content: string | Uint8Array; readonly mode: number }
  | null;

export interface CommitOptions {
  /** Paths inside the repository; other files stay as they are. */
  readonly files?: Readonly<Record<string, FileChange>>;
  readonly message?: string;
}

export interface GitRepository extends AsyncDisposable {
  /** The folder of the work tree. */
  readonly path: string;
  /** Writes the files, commits everything in the work tree, also when nothing changed, and returns the revision. */
  commit(options?: CommitOptions): Promise<string>;
  /** Writes or removes files without committing them. */
  write(files: Readonly<Record<string, FileChange>>): Promise<void>;
  /** The revision that HEAD, or another name, points to. */
  head(name?: string): Promise<string>;
  /** Makes a branch at HEAD, or at `from`, and switches to it. */
  createBranch(name: string, from?: string): Promise<void>;
  switchTo(branch: string): Promise<void>;
  /** Merges a branch into this one with a merge commit, as a forge does, and returns that. */
  merge(branch: string): Promise<string>;
  /** Moves this branch and the work tree to a revision: with a forced push that is a rewound branch. */
  reset(revision: string): Promise<void>;
  /** Pushes the branch that is checked out, or another one, to the remote. */
  push(options?: { readonly branch?: string; readonly force?: boolean }): Promise<void>;
  /** Any other Git command; returns its output without the last line end and throws when it fails. */
  git(...args: string[]): Promise<string>;
  /** Like `git`, but returns the exit code and both outputs. */
  tryGit(...args: string[]): Promise<ProgramResult>;
}

export interface GitRepositoryOptions {
  /** The remote's address or folder; with it `push` works. */
  readonly remote?: string;
}

/** Makes a repository with a work tree and the branch `main`, and without a commit. Disposing it removes it. */
export async function makeGitRepository({ remote }: GitRepositoryOptions = {}): Promise<GitRepository> {
  const folder = await makeTempFolder("keelson-repository-");
  // Dates count up from a fixed one, so that equal steps give equal revisions.
  let seconds = 1_767_225_600;
  const tryGit = async (...args: string[]) => {
    const date = `${seconds} +0000`;
    return await runProgram(["git", "-C", folder.path, ...args], {
      env: gitEnvironment({ GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }),
    });
  };
  const git = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await tryGit(...args);
    if (exitCode !== 0) throw new Error(`git ${args.join(" ")} exited ${exitCode}\n${stdout}${stderr}`);
    return stdout.replace(/\n$/, "");
  };
  const write = (files: Readonly<Record<string, FileChange>>) => writeFiles(folder.path, files);
  const head = (name = "HEAD") =>
    git("rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`);

  await git("init", "--quiet", "--initial-branch=main");
  if (remote !== undefined) await git("remote", "add", "origin", remote);

  return {
    path: folder.path,
    write,
    head,
    git,
    tryGit,
    commit: async ({ files = {}, message = "change" } = {}) => {
      await write(files);
      seconds += 60;
      await git("add", "--all");
      await git("commit", "--quiet", "--allow-empty", "--message", message);
      return await head();
    },
    createBranch: async (name, from = "HEAD") => {
      await git("switch", "--quiet", "--create", name, from);
    },
    switchTo: async (branch) => {
      await git("switch", "--quiet", branch);
    },
    merge: async (branch) => {
      seconds += 60;
      await git("merge", "--quiet", "--no-ff", "--message", `Merge ${branch}`, branch);
      return await head();
    },
    reset: async (revision) => {
      await git("reset", "--quiet", "--hard", revision);
    },
    push: async ({ branch, force = false } = {}) => {
      const name = branch ?? (await git("branch", "--show-current"));
      await git("push", "--quiet", ...(force ? ["--force"] : []), "origin", `${name}:refs/heads/${name}`);
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

/** What Git needs and nothing of the user's: no configuration, no prompt, one author. */
export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: "/nonexistent",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    // No housekeeping that goes on in the background after the command.
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_0: "gc.auto",
    GIT_CONFIG_VALUE_0: "0",
    GIT_CONFIG_KEY_1: "maintenance.auto",
    GIT_CONFIG_VALUE_1: "false",
    GIT_AUTHOR_NAME: "Ada Author",
    GIT_AUTHOR_EMAIL: "ada@example.org",
    GIT_COMMITTER_NAME: "Ada Author",
    GIT_COMMITTER_EMAIL: "ada@example.org",
    LC_ALL: "C.UTF-8",
    ...extra,
  };
}

async function writeFiles(root: string, files: Readonly<Record<string, FileChange>>): Promise<void> {
  for (const [name, change] of Object.entries(files)) {
    const path = join(root, name);
    if (change === null) {
      await rm(path, { recursive: true, force: true });
      continue;
    }
    const { content, mode } =
      typeof change === "string" || change instanceof Uint8Array ? { content: change, mode: 0o644 } : change;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await chmod(path, mode);
  }
}
