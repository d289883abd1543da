import { constants } from "node:fs";
import { open } from "node:fs/promises";

import { KeelsonError, isSystemError, stalled, ownOf } from "@keelson/model";

import { recordOf, textOf } from "./json-reader.ts";
import { type RegistryKey, hostOfKey } from "./registry-key.ts";

/** What the engine sends to a registry (API reference, "Authentication"). Only the fields that are known. */
export interface RegistryLogin {
  serveraddress: string;
  username?: string;
  password?: string;
  identitytoken?: string;
  registrytoken?: string;
}

/** Docker's config.json, as far as it is about logins. */
export interface DockerConfig {
  auths: Record<string, unknown>;
  credHelpers: Record<string, unknown>;
  credsStore: string;
}

const longestBytes = 1024 * 1024;

/** Reads a config.json; null when there is none. Throws K3034 when it cannot be read or is not such a file. */
export async function readDockerConfig(path: string): Promise<DockerConfig | null> {
  const text = await readText(path);
  if (text === null) return null;
  const config = recordOf(parse(text, path));
  return {
    auths: recordOf(config["auths"]),
    credHelpers: recordOf(config["credHelpers"]),
    credsStore: textOf(config["credsStore"]),
  };
}

/** The suffix of the program that keeps a registry's login (docker/cli, `getConfiguredCredentialStore`); null: none. */
export function helperOf({ credHelpers, credsStore }: DockerConfig, { names }: RegistryKey): string | null {
  const name = names.find((each) => each in credHelpers);
  return (name === undefined ? credsStore : textOf(ownOf(credHelpers, name))) || null;
}

/** The login that stands in the file itself; null: none. Throws K3034 when it cannot be read. */
export function loginOf(
  { auths }: DockerConfig,
  { registry, path }: { registry: RegistryKey; path: string },
): RegistryLogin | null {
  const { names, key, host } = registry;
  const exact = names.find((name) => name in auths);
  const found = exact ?? Object.keys(auths).find((each) => names.includes(hostOfKey(each)));
  if (found === undefined) return null;
  const entry = recordOf(auths[found]);
  const auth = textOf(entry["auth"]);
  const pair = auth === "" ? null : decodeAuth(auth);
  if (auth !== "" && pair === null) throw unreadable(`${path} has no readable login for ${host}`);
  return newLogin(key, {
    username: pair?.username ?? textOf(entry["username"]),
    password: pair?.password ?? textOf(entry["password"]),
    identitytoken: textOf(entry["identitytoken"]),
    registrytoken: textOf(entry["registrytoken"]),
  });
}

/** null when nothing of it is set: Docker leaves an empty entry for what a program keeps. */
export function newLogin(
  serveraddress: string,
  fields: Omit<RegistryLogin, "serveraddress">,
): RegistryLogin | null {
  const set = Object.entries(fields).filter(([, value]) => value !== "");
  return set.length === 0 ? null : { serveraddress, ...Object.fromEntries(set) };
}

/** K3034. What stands in the file is never said. */
export function unreadable(message: string, cause?: unknown): KeelsonError {
  return new KeelsonError({
    code: "K3034",
    message,
    hint: "Log in anew with docker login, or write the file as Docker does: it is JSON with auths, credHelpers or credsStore.",
    outcome: stalled,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Base64 of `user:password`. Docker 0.x ended it with a zero byte. */
function decodeAuth(auth: string): { username: string; password: string } | null {
  const text = Buffer.from(auth, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon <= 0) return null;
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

async function readText(path: string): Promise<string | null> {
  try {
    // A pipe in its place must not hang the round.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size > longestBytes)
        throw unreadable(`${path} is no ordinary, small file`);
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return null;
    if (isSystemError(error)) throw unreadable(`${path} cannot be read`, error);
    throw error;
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw unreadable(`${path} is not JSON`);
  }
}
