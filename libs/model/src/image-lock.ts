import { z } from "zod";

/** Of an index, of a manifest, or of an image's configuration, which is the id that engines give the image. */
const digestSchema = z.string().regex(/^sha256:[0-9a-f]{64}$/, "must be a digest: sha256:<64 hex digits>");

/** As a registry says it: `<system>/<architecture>[/<variant>]`. */
const platformSchema = z
  .string()
  .regex(/^[\w.-]+(\/[\w.-]+){1,2}$/, "must be a platform, such as linux/amd64");
const referenceSchema = z.string().regex(/^[\x21-\x7e]+$/, "must be the reference of an image");

const lockedReference = z.strictObject({
  digest: digestSchema.describe(
    "What the tag named: the digest of the index, or of the manifest where there is none.",
  ),
  platforms: z
    .record(platformSchema, digestSchema)
    .describe(
      "The id of the image for each platform that it has, such as `linux/amd64` or `linux/arm64/v8`.",
    ),
});

/** At the top of a release, and of the folder of a local package. */
export const imageLockFile = "images.lock.yaml";

/** `images.lock.yaml`: which bytes the tags of a release or of a local package named when it was locked. */
export const ImageLock = z.strictObject({
  images: z
    .record(referenceSchema, lockedReference)
    .describe("By reference, as the resolved Compose file writes it: `registry.example/app:1.2`."),
});
export type ImageLock = z.infer<typeof ImageLock>;

/** What an image's tag is locked to. */
export interface LockedImage {
  /** `sha256:<hex>`, by which the image is pulled. */
  digest: string;
  /** Ids of the image by platform, `linux/amd64`. An engine may also give it the digest of its manifest as id. */
  platforms: Record<string, string>;
}
