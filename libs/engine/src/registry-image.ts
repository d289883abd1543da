import { createHash } from "node:crypto";

import { type LockedImage, compareText } from "@keelson/model";

import type { RegistryLogin } from "./docker-config.ts";
import { type ImageManifest, manifestTypes, platformOfConfig, readManifest } from "./image-manifest.ts";
import type { ImageAddress } from "./registry-address.ts";
import { type RegistryAnswer, askForBytes } from "./registry-exchange.ts";
import { isAway, isMissing, isNonsense } from "./registry-fault.ts";
import { RegistryRefusal } from "./registry-refusal.ts";
import { authorizationFor } from "./registry-token.ts";

/** Of a manifest, as the specification has it, and of a configuration. */
const longestAnswerBytes = 4 * 1024 * 1024;

/** More platforms than any image has; each is asked for by itself. */
const mostImages = 64;

/** An image, and with what its registry is asked for it. */
export interface AskedImage {
  reference: string;
  address: ImageAddress;
  login: RegistryLogin | null;
  signal: AbortSignal;
  timeoutMs: number;
}

/**
 * What a tag names, every byte checked against its digest. Throws `RegistryRefusal` where the login is not enough, K3002, K3003 and
 * K3071.
 */
export async function readImage(asked: AskedImage): Promise<LockedImage> {
  const ask = newSession(asked);
  const { tag } = asked.address;
  const { digest, manifest } = await manifestOf(asked, await ask("manifests", tag));
  const entries = manifest.kind === "index" ? manifest.entries : [{ digest, platform: null }];
  if (entries.length > mostImages)
    throw isNonsense(asked.reference, `its index has more than ${mostImages} images`);
  const platforms: [string, string][] = [];
  for (const entry of entries) {
    const image =
      manifest.kind === "image"
        ? manifest
        : (await manifestOf(asked, await ask("manifests", entry.digest), entry.digest)).manifest;
    if (image.kind === "index")
      throw isNonsense(asked.reference, "its index has another index where an image should be");
    const platform =
      entry.platform ?? (await platformOf(asked, await ask("blobs", image.config), image.config));
    platforms.push([platform, image.config]);
  }
  platforms.sort(([a], [b]) => compareText(a, b));
  return { digest, platforms: Object.fromEntries(platforms) };
}

/** Asks with what the registry wants to be asked with, once it has said so. */
function newSession({ reference, address, login, signal, timeoutMs }: AskedImage) {
  const registry = new URL(address.origin);
  let authorization: string | null = null;
  return async (kind: "manifests" | "blobs", name: string): Promise<RegistryAnswer> => {
    const url = new URL(`/v2/${address.repository}/${kind}/${name}`, registry);
    const headers = { accept: kind === "manifests" ? manifestTypes.join(", ") : "*/*" };
    const send = async () =>
      askForBytes({
        reference,
        url,
        headers,
        authorization,
        limitBytes: longestAnswerBytes,
        timeoutMs,
        signal,
      });
    const answer = await send();
    if (answer.status !== 401) return answer;
    const challenge = answer.headers.get("www-authenticate");
    authorization = await authorizationFor(challenge, {
      reference,
      registry,
      repository: address.repository,
      login,
      timeoutMs,
      signal,
    });
    return await send();
  };
}

async function manifestOf(
  { reference }: AskedImage,
  answer: RegistryAnswer,
  expected?: string,
): Promise<{ digest: string; manifest: ImageManifest }> {
  const bytes = bytesOf(answer, { reference, isNamed: expected !== undefined });
  const digest = digestOf(bytes);
  // Only what is a digest is repeated: any other words may have the login in them. Another algorithm compares with nothing here.
  const said = answer.headers.get("docker-content-digest");
  if (said !== null && said !== digest && /^sha256:[0-9a-f]{64}$/.test(said))
    throw isNonsense(reference, `it calls a manifest ${said}, and its bytes are ${digest}`);
  if (expected !== undefined && expected !== digest)
    throw isNonsense(reference, `it was asked for the manifest ${expected}, and its bytes are ${digest}`);
  const manifest = readManifest(bytes);
  if (typeof manifest === "string") throw isNonsense(reference, `its manifest ${manifest}`);
  return { digest, manifest };
}

async function platformOf(
  { reference }: AskedImage,
  answer: RegistryAnswer,
  expected: string,
): Promise<string> {
  const bytes = bytesOf(answer, { reference, isNamed: true });
  if (digestOf(bytes) !== expected)
    throw isNonsense(
      reference,
      `it was asked for the configuration ${expected}, and its bytes are ${digestOf(bytes)}`,
    );
  const platform = platformOfConfig(bytes);
  if (platform === "") throw isNonsense(reference, "its configuration names no platform, so it is no image");
  return platform;
}

function bytesOf(
  { status, bytes }: RegistryAnswer,
  { reference, isNamed }: { reference: string; isNamed: boolean },
): Buffer {
  if (status === 200) return bytes;
  if (status === 401 || status === 403) throw new RegistryRefusal("refused");
  if (status === 404 && isNamed) throw isNonsense(reference, "it does not have what its own manifest names");
  if (status === 404) throw isMissing(reference);
  if (status === 429) throw isAway(reference, new Error("it wants fewer requests (429): log in, or wait"));
  if (status >= 500) throw isAway(reference, new Error(`it answers ${status}`));
  throw isNonsense(reference, `it answers ${status}`);
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
