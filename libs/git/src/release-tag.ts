import { resolve } from "node:path";

import { stalled } from "@keelson/model";

import { gitError, saidByGit } from "./git-error.ts";
import { runGit } from "./system-git.ts";

const timeoutMs = 60_000;
/** Git itself asks for the password of a key. */
const signingMs = 300_000;

/** An object that a name leads to, such as `release/shop/1.2.0:releases/shop/1.2.0`; null where there is none. */
export async function findObjects(
  repository: string,
  names: readonly string[],
): Promise<Map<string, string | null>> {
  if (names.length === 0) return new Map();
  const { exitCode, stdout, complaint } = await runGit({
    at: ["-C", resolve(repository)],
    args: ["cat-file", "--batch-check=%(objectname)"],
    timeoutMs,
    configuration: "user",
    input: `${names.join("\n")}\n`,
  });
  if (exitCode !== 0)
    throw gitError("K2004", { message: `${repository} cannot be read by Git`, cause: complaint });
  const lines = stdout.toString("utf8").split("\n");
  return new Map(
    names.map((name, index) => {
      const line = lines[index] ?? "";
      return [name, /^[0-9a-f]{40,64}$/.test(line) ? line : null];
    }),
  );
}

/** Whether Git can have a tag of this name (git-check-ref-format(1)). Throws K2005 and K2010. */
export async function isTagName(repository: string, name: string): Promise<boolean> {
  const { exitCode } = await runGit({
    at: ["-C", resolve(repository)],
    args: ["check-ref-format", `refs/tags/${name}`],
    timeoutMs,
    configuration: "user",
  });
  return exitCode === 0;
}

/** The names of tags that begin so, such as `release/`; none outside of a repository. Throws K2005 and K2010. */
export async function listTags(repository: string, prefix: string): Promise<string[]> {
  const { exitCode, stdout } = await runGit({
    at: ["-C", resolve(repository)],
    args: ["for-each-ref", "--format=%(refname:strip=2)", `refs/tags/${prefix}`],
    timeoutMs,
    configuration: "user",
  });
  if (exitCode !== 0) return [];
  return stdout
    .toString("utf8")
    .split("\n")
    .filter((line) => line !== "");
}

/**
 * Makes an annotated tag at HEAD, signed with the user's key where that is asked for. Throws K2012 when Git makes none: there is
 * one already, or the key cannot be used.
 */
export async function makeTag(
  repository: string,
  { name, message, isSigned }: { name: string; message: string; isSigned: boolean },
): Promise<void> {
  const { exitCode, complaint } = await runGit({
    at: ["-C", resolve(repository)],
    args: ["tag", isSigned ? "--sign" : "--annotate", `--message=${message}`, "--", name, "HEAD"],
    timeoutMs: isSigned ? signingMs : timeoutMs,
    configuration: "user",
  });
  if (exitCode === 0) return;
  throw gitError("K2012", {
    message: `git cannot make the tag ${name} in ${repository}`,
    hint: saidByGit(
      complaint,
      isSigned ? "It signs with user.signingKey, and with gpg.format for a key of SSH." : "",
    ),
    outcome: stalled,
    cause: complaint,
  });
}
