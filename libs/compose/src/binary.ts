import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { KeelsonError, stalled } from "@keelson/model";

import { installHint, runCompose } from "./compose-process.ts";

/** Where Docker looks for plugins for all users (docs.docker.com/engine/cli, "Docker plugins"). */
const pluginFolders = [
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
] as const;

const versionTimeoutMs = 10_000;
/** The oldest that is used. Later major versions (5.0 in 2025) are the same program. */
const oldest = { major: 2, minor: 26 };
/** The newest that the integration tests were run with. */
const newestTried = { major: 5, minor: 5 };

/** The versions that Keelson was tried with, in words. */
export const triedComposeVersions = `${oldest.major}.${oldest.minor} to ${newestTried.major}.${newestTried.minor}`;

export interface ComposeEnvironment {
  KEELSON_COMPOSE?: string;
  HOME?: string;
}

/**
 * Path of the Compose binary: `KEELSON_COMPOSE`, or the plugin of Docker's command line. Throws K1421 when there is none
 * that may be executed.
 */
export async function findComposeBinary(environment: ComposeEnvironment): Promise<string> {
  const binary = await expectComposeBinary(environment);
  if (await isExecutable(binary)) return binary;
  throw missing(
    environment.KEELSON_COMPOSE
      ? `KEELSON_COMPOSE names ${binary}, which is not a program`
      : "Docker Compose is not installed",
  );
}

/**
 * The same path, and where there is no such program the one where it is expected: for an agent, which needs Compose only
 * for what changes, and may get it while it runs. Starting it gives K1421 then.
 */
export async function expectComposeBinary(environment: ComposeEnvironment): Promise<string> {
  if (environment.KEELSON_COMPOSE) return environment.KEELSON_COMPOSE;
  const ownFolder = environment.HOME ? [join(environment.HOME, ".docker/cli-plugins")] : [];
  const binaries = [...ownFolder, ...pluginFolders].map((folder) => join(folder, "docker-compose"));
  for (const binary of binaries) if (await isExecutable(binary)) return binary;
  return join(pluginFolders[0], "docker-compose");
}

/**
 * Version that a Compose binary says it has, such as `2.40.3`. Throws K1421 for one that Keelson cannot use: an
 * older one than it was tried with.
 */
export async function readComposeVersion(binary: string): Promise<string> {
  const { exitCode, stdout } = await runCompose({
    binary,
    arguments: ["version", "--short"],
    environment: {},
    folder: tmpdir(),
    timeoutMs: versionTimeoutMs,
  });
  const [version, major, minor] = /(\d+)\.(\d+)\.\d+/.exec(stdout) ?? [];
  if (exitCode !== 0 || version === undefined)
    throw missing(`${binary} does not tell a version of Docker Compose`);
  if (isBefore({ major: Number(major), minor: Number(minor) }, oldest)) {
    throw missing(`Docker Compose ${version} at ${binary} is not a version that Keelson works with`);
  }
  return version;
}

/** Whether Keelson was tried with this version of those that it uses. */
export function isTriedCompose(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const asked = { major, minor };
  return !isBefore(asked, oldest) && !isBefore(newestTried, asked);
}

type Minor = typeof oldest;

function isBefore(one: Minor, other: Minor): boolean {
  return one.major < other.major || (one.major === other.major && one.minor < other.minor);
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    // Why it cannot be executed does not matter here: the caller names the path.
    return false;
  }
}

function missing(message: string): KeelsonError {
  return new KeelsonError({ code: "K1421", message, hint: installHint, outcome: stalled });
}
