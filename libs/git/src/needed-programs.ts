import { gitError } from "./git-error.ts";
import { runProgram } from "./program.ts";
import { locateSource } from "./source-location.ts";

/** `ssh -V` prints its version on standard error. */
const versionArguments = { git: "--version", ssh: "-V" } as const;

/**
 * The versions of the programs that a URL needs, as they print them, such as `git version 2.39.5`; none over HTTP.
 * Throws K2010 for a program that cannot be started, K2006 for a URL that is not permitted.
 */
export async function findNeededPrograms(input: { url: string; timeoutMs: number }): Promise<string[]> {
  const { kind } = locateSource(input.url);
  if (kind === "http") return [];
  const names = kind === "ssh" ? (["git", "ssh"] as const) : (["git"] as const);
  return await Promise.all(names.map(async (name) => readVersion(name, input.timeoutMs)));
}

async function readVersion(name: keyof typeof versionArguments, timeoutMs: number): Promise<string> {
  const { PATH } = process.env;
  const end = await runProgram({
    file: name,
    args: [versionArguments[name]],
    env: { PATH, LC_ALL: "C" },
    timeoutMs,
    maxOutputBytes: 4096,
  });
  if (end.kind === "exited" && end.exitCode === 0) {
    return (end.stdout.toString("utf8") + end.stderr).trim().split("\n", 1)[0] ?? "";
  }
  throw gitError("K2010", {
    message: `the program ${name} cannot be started`,
    hint: `Install the program ${name} and check that it is in PATH.`,
    ...(end.kind === "not-started" ? { cause: end.cause } : {}),
  });
}
