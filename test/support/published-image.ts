import { createHash } from "node:crypto";
import type { Credentials } from "./http-front.ts";

/** What a registry was given, by its digests. */
export interface PublishedImage {
  /** Of what the tag names: the index, or the manifest where there is one platform. */
  readonly digest: string;
  /** The digest of the image's configuration by platform. */
  readonly platforms: Readonly<Record<string, string>>;
}

export interface ImageToPublish {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly repository: string;
  readonly tag: string;
  /** Such as `linux/arm64/v8`; several, or `isIndex`, make an index. */
  readonly platforms: readonly string[];
  readonly isIndex?: boolean;
  /** Makes the bytes others. */
  readonly words?: string;
  readonly credentials?: Credentials;
}

const types = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
};

/** Gives a registry an image of no layers for each platform, by its HTTP API: no engine is needed. */
export async function publishImage(image: ImageToPublish): Promise<PublishedImage> {
  const { platforms, tag, words = "", isIndex = platforms.length > 1 } = image;
  const entries: { platform: string; config: string; digest: string; size: number }[] = [];
  for (const platform of platforms) {
    const [os, architecture, variant] = platform.split("/");
    const config = JSON.stringify({ os, architecture, variant, author: words, rootfs: { type: "layers" } });
    const configDigest = await putBlob(image, config);
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: { mediaType: types.config, digest: configDigest, size: Buffer.byteLength(config) },
      layers: [],
    });
    const name = isIndex ? digestOf(manifest) : tag;
    await put(image, { path: `manifests/${name}`, type: types.manifest, body: manifest });
    entries.push({
      platform,
      config: configDigest,
      digest: digestOf(manifest),
      size: Buffer.byteLength(manifest),
    });
  }
  const found = Object.fromEntries(entries.map(({ platform, config }) => [platform, config]));
  const [only] = entries;
  if (!isIndex && only !== undefined) return { digest: only.digest, platforms: found };
  const attestation = { os: "unknown", architecture: "unknown" };
  const manifests = [
    ...entries.map(({ platform, digest, size }) => ({ digest, size, platform: parts(platform) })),
    // As builders add it, of what they say about the image before it.
    ...entries.slice(0, 1).map(({ digest, size }) => ({ digest, size, platform: attestation })),
  ].map((entry) => ({ mediaType: types.manifest, ...entry }));
  const index = JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests });
  await put(image, { path: `manifests/${tag}`, type: types.index, body: index });
  return { digest: digestOf(index), platforms: found };
}

function parts(platform: string) {
  const [os, architecture, variant] = platform.split("/");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

async function putBlob(image: ImageToPublish, body: string): Promise<string> {
  const begun = await send(image, { path: "blobs/uploads/", method: "POST" });
  const location = new URL(begun.headers.get("location") ?? "", image.origin);
  const digest = digestOf(body);
  location.searchParams.set("digest", digest);
  const { pathname, search } = location;
  await send(image, { path: `${pathname}${search}`, method: "PUT", body, type: "application/octet-stream" });
  return digest;
}

async function put(
  image: ImageToPublish,
  { path, type, body }: { path: string; type: string; body: string },
): Promise<void> {
  await send(image, { path, method: "PUT", body, type });
}

async function send(
  { origin, repository, credentials }: ImageToPublish,
  { path, method, body, type }: { path: string; method: string; body?: string; type?: string },
): Promise<Response> {
  const url = path.startsWith("/") ? `${origin}${path}` : `${origin}/v2/${repository}/${path}`;
  const pair = credentials === undefined ? null : `${credentials.username}:${credentials.password}`;
  const response = await fetch(url, {
    method,
    headers: {
      ...(type === undefined ? {} : { "content-type": type }),
      ...(pair === null ? {} : { authorization: `Basic ${Buffer.from(pair).toString("base64")}` }),
    },
    ...(body === undefined ? {} : { body }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response;
}

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
