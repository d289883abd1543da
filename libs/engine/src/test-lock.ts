import { writeFile } from "node:fs/promises";

import type { LockedImage } from "@keelson/model";
import { type Credentials, makeTempFolder } from "@keelson/test/support";

import { type LockInput, lockImages } from "./image-lock.ts";
import type { RegistryLogins } from "./registry-logins.ts";
import { testLogins } from "./test-bench.ts";

export const { signal } = new AbortController();
export const credentials = { username: "ada", password: "s3cret-of-the-registry" };
export const noLogins = testLogins("/nonexistent/config.json");

/** What one reference names; throws its fault. */
export async function lock(
  reference: string,
  more: Partial<LockInput> = {},
): Promise<LockedImage | undefined> {
  const { locked, faults } = await lockImages([reference], { logins: noLogins, signal, ...more });
  const fault = faults.get(reference);
  if (fault !== undefined) throw fault;
  return locked.get(reference);
}

/** A config.json with a login to a registry. */
export async function loginsFor(
  host: string,
  { username, password }: Credentials = credentials,
): Promise<{ logins: RegistryLogins } & AsyncDisposable> {
  return await loginsOf(host, { auth: Buffer.from(`${username}:${password}`).toString("base64") });
}

/** The same with an entry as it stands in config.json. */
export async function loginsOf(
  host: string,
  entry: object,
): Promise<{ logins: RegistryLogins } & AsyncDisposable> {
  const folder = await makeTempFolder();
  await writeFile(folder.join("config.json"), JSON.stringify({ auths: { [host]: entry } }));
  const logins = testLogins(folder.join("config.json"));
  return { logins, [Symbol.asyncDispose]: async () => folder[Symbol.asyncDispose]() };
}
