import { listOf, recordOf, textOf } from "./json-reader.ts";

/** What a tag can name (OCI image specification, and the same of Docker, version 2). */
export type ImageManifest =
  | { kind: "index"; entries: readonly IndexEntry[] }
  /** Of one platform. `config` is the digest of the image's configuration. */
  | { kind: "image"; config: string };

export interface IndexEntry {
  digest: string;
  /** `linux/arm64/v8`; null where the index does not say it. */
  platform: string | null;
}

/** In the order in which a registry is to choose. */
export const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** The manifest in these bytes, or why there is none, in words that follow "its manifest". */
export function readManifest(bytes: Buffer): ImageManifest | string {
  const { schemaVersion, manifests, config } = recordOf(parseJson(bytes));
  if (schemaVersion === 1) return "has the first format of Docker, which has no digest of the image";
  if (Array.isArray(manifests)) return readIndex(manifests);
  const digest = textOf(recordOf(config)["digest"]);
  return digestPattern.test(digest)
    ? { kind: "image", config: digest }
    : "names neither platforms nor a configuration by SHA-256";
}

function readIndex(manifests: readonly unknown[]): ImageManifest | string {
  const entries: IndexEntry[] = [];
  for (const each of listOf(manifests).map(recordOf)) {
    const platform = each["platform"] === undefined ? null : platformOf(recordOf(each["platform"]));
    // What a builder says of an image, and no image itself.
    if (platform === "unknown/unknown") continue;
    const digest = textOf(each["digest"]);
    if (!digestPattern.test(digest)) return "has a platform without a digest by SHA-256";
    if (platform === "") return "has a platform without a system and an architecture";
    // Of several for one platform, such as versions of Windows, an engine takes the first that fits.
    if (platform === null || entries.every((other) => other.platform !== platform))
      entries.push({ digest, platform });
  }
  return entries.length === 0 ? "names no image of any platform" : { kind: "index", entries };
}

/** The platform that an image's configuration says; empty where it says none. */
export function platformOfConfig(bytes: Buffer): string {
  return platformOf(recordOf(parseJson(bytes)));
}

function platformOf({ os, architecture, variant }: Record<string, unknown>): string {
  const parts = [textOf(os), textOf(architecture), ...(textOf(variant) === "" ? [] : [textOf(variant)])];
  return parts.every((part) => /^[\w.-]{1,64}$/.test(part)) ? parts.join("/") : "";
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return null; // told as a manifest without its fields
  }
}
