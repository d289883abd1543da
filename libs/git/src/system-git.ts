import { PackLimitError, gitError, quoteLine } from "./git-error.ts";
import { runProgram } from "./program.ts";

export type Transport = "file" | "ssh" | "of-user";

const protocols: Record<Transport, readonly string[]> = {
  file: ["file"],
  ssh: ["ssh"],
  "of-user": ["file", "http", "https", "ssh"],
};

export interface SystemGitInput {
  /** Where Git works, such as `["--git-dir", path]` or `["-C", path]`. */
  at: readonly string[];
  args: readonly string[];
  timeoutMs: number;
  /**
   * `closed`: Git reads only the repository's own configuration. `user`: Git reads the user's too, which says which
   * files of a work tree are ignored, how line ends were checked out, and which folders are trusted.
   */
  configuration: "closed" | "user";
  /**
   * The transports that Git may use; none by default. `of-user`: all that run no program named in the URL, with the
   * user's own credential helpers, keys and proxies.
   */
  transport?: Transport;
  /** The command for ssh; a shell reads it. */
  sshCommand?: string;
  input?: string;
  /** Gets the output as it comes; then the end has none. */
  take?: (chunk: Buffer) => Promise<void>;
  /** Ends Git sooner: as a timeout, or with the error that is the signal's reason. */
  signal?: AbortSignal;
}

export interface SystemGitEnd {
  exitCode: number | null;
  stdout: Buffer;
  /** One line of Git's error output, without control characters, for the end of a cause chain. */
  complaint: Error | undefined;
  /** The beginning of Git's error output. Only to be searched, never to be shown. */
  said: string;
}

/** Options of `git fetch`: what is asked for comes, and nothing else with it. */
export const fetchOptions: readonly string[] = [
  "--quiet",
  "--no-tags",
  "--no-recurse-submodules",
  "--no-write-fetch-head",
];

const maxOutputBytes = 128 * 1024 * 1024;
/** The most that Git may allocate at once: twice the limit of one object. */
const maxObjectBytes = 64 * 1024 * 1024;

/**
 * Runs the system's `git` without hooks, prompts, replaced objects, other transports or background work, in little
 * memory. Throws K2010 when there is no `git`, K2005 when it does not end in time, K2007 when it prints too much, K2017
 * when an object needs too much memory.
 */
export async function runGit(input: SystemGitInput): Promise<SystemGitEnd> {
  const { at, args, timeoutMs, configuration, transport } = input;
  const end = await runProgram({
    file: "git",
    args: [...safeguards(transport), ...at, ...args],
    env: {
      ...(configuration === "closed" ? closedEnvironment() : userEnvironment()),
      ...(transport === "of-user" ? inherited(connectionVariables) : {}),
      ...(input.sshCommand === undefined ? {} : sshEnvironment(input.sshCommand)),
    },
    timeoutMs,
    maxOutputBytes,
    ...(input.input === undefined ? {} : { input: input.input }),
    ...(input.take === undefined ? {} : { take: input.take }),
    ...(input.signal === undefined ? {} : { signal: input.signal }),
  });
  if (end.kind === "stopped") throw end.cause;
  if (end.kind === "exited") {
    const { exitCode, stdout, stderr } = end;
    if (exitCode !== 0 && /attempting to allocate \d+ over limit/.test(stderr)) {
      throw new PackLimitError(`git needs more than ${maxObjectBytes} bytes of memory for an object`);
    }
    return { exitCode, stdout, complaint: complaintOf(stderr), said: stderr };
  }
  const what = `git ${args.find((arg) => !arg.startsWith("-")) ?? ""}`;
  if (end.kind === "timeout") {
    throw gitError("K2005", { message: `${what} did not end within ${timeoutMs} ms` });
  }
  if (end.kind === "overflow") {
    throw gitError("K2007", { message: `${what} printed more than ${maxOutputBytes} bytes` });
  }
  throw gitError("K2010", { message: "the program git cannot be started", cause: end.cause });
}

function safeguards(transport: Transport | undefined): string[] {
  const settings = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    ...(transport === "of-user" ? [] : ["credential.helper="]),
    "gc.auto=0",
    "maintenance.auto=false",
    // Git handles a larger file in pieces, and makes no delta of it.
    "core.bigFileThreshold=1m",
    "pack.threads=1",
    "protocol.allow=never",
    ...(transport === undefined ? [] : protocols[transport].map((name) => `protocol.${name}.allow=always`)),
  ];
  return settings.flatMap((setting) => ["-c", setting]);
}

/** PATH finds the program. SUDO_UID lets root read what the caller of sudo owns (git-config(1), safe.directory). */
function baseEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SUDO_UID } = process.env;
  return {
    ...(PATH === undefined ? {} : { PATH }),
    ...(SUDO_UID === undefined ? {} : { SUDO_UID }),
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
    // Git's own limit of one allocation (wrapper.c). The programs that Git starts inherit it.
    GIT_ALLOC_LIMIT: String(maxObjectBytes),
  };
}

function closedEnvironment(): NodeJS.ProcessEnv {
  return { ...baseEnvironment(), GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
}

function userEnvironment(): NodeJS.ProcessEnv {
  return { ...baseEnvironment(), ...inherited(["HOME", "XDG_CONFIG_HOME", ...authorVariables]) };
}

/** Who commits: a job of a forge often says it by these alone. */
const authorVariables = [
  "GIT_AUTHOR_NAME",
  "GIT_AUTHOR_EMAIL",
  "GIT_COMMITTER_NAME",
  "GIT_COMMITTER_EMAIL",
  "EMAIL",
];

/** The variables by which a user's Git reaches servers. */
const connectionVariables = [
  "SSH_AUTH_SOCK",
  "GIT_SSH",
  "GIT_SSH_COMMAND",
  "GIT_SSH_VARIANT",
  "GIT_SSL_CAINFO",
  "GIT_SSL_CAPATH",
  "http_proxy",
  "https_proxy",
  "HTTPS_PROXY",
  "all_proxy",
  "ALL_PROXY",
  "no_proxy",
  "NO_PROXY",
];

/** Names the variant of ssh: Git would otherwise start ssh once more to find it out. */
function sshEnvironment(command: string): NodeJS.ProcessEnv {
  return { ...inherited(["SSH_AUTH_SOCK"]), GIT_SSH_COMMAND: command, GIT_SSH_VARIANT: "ssh" };
}

function inherited(names: readonly string[]): NodeJS.ProcessEnv {
  const present = names.filter((name) => process.env[name] !== undefined);
  return Object.fromEntries(present.map((name) => [name, process.env[name]]));
}

function complaintOf(stderr: string): Error | undefined {
  const lines = stderr.split("\n").map(quoteLine);
  const line = lines.find((text) => /^(?:fatal|error):/.test(text)) ?? lines.find((text) => text !== "");
  return line === undefined ? undefined : new Error(line);
}
