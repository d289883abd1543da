import type { DesiredService } from "./desired.ts";
import type { LockedImage } from "./image-lock.ts";
import type { ObservedContainer } from "./observed-engine.ts";

type Locked = Pick<DesiredService, "image" | "lockedImage">;

/**
 * By what the image of a service is looked for, pulled and run: as it is written, and with `@` and the digest that it is locked
 * to. Engines go by the digest then, whatever the tag names; people still read the tag.
 */
export function imageReference({ image, lockedImage }: Locked): string {
  return lockedImage === undefined ? image : `${withoutDigest(image)}@${lockedImage.digest}`;
}

/** A reference without its digest; one that is only an id stays as it is. */
export function withoutDigest(reference: string): string {
  const at = reference.indexOf("@");
  return at === -1 ? reference : reference.slice(0, at);
}

/** Whether a container was made of the bytes that its service is locked to; true where nothing locks them. */
export function runsLockedImage(
  { imageId, imageDigests = [] }: Pick<ObservedContainer, "imageId" | "imageDigests">,
  { lockedImage }: Pick<DesiredService, "lockedImage">,
): boolean {
  if (lockedImage === undefined) return true;
  const { digest, platforms } = lockedImage;
  return (
    imageId === digest ||
    Object.values(platforms).includes(imageId) ||
    imageDigests.some((named) => named.endsWith(`@${digest}`))
  );
}

/** The digest of what a container was made from, as registries name it; the image's id where that is not known. */
export function imageDigestOf({
  image,
  imageId,
  imageDigests = [],
}: Pick<ObservedContainer, "image" | "imageId" | "imageDigests">): string {
  const named = [image, ...imageDigests].find((each) => each.includes("@"));
  return named?.slice(named.indexOf("@") + 1) ?? imageId;
}

/**
 * Architectures that an engine takes an image of, the best first, as containerd has them (platforms.Only): where there is none of
 * its own, an older one that its processor runs, too.
 */
const runnable: Record<string, readonly string[]> = { amd64: ["amd64", "386"], arm64: ["arm64", "arm"] };

/** Ids of the images that a lock has for a platform such as `linux/amd64`; none when it has no image for it. */
export function idsForPlatform({ platforms }: LockedImage, platform: string): string[] {
  const [os = "", architecture = ""] = platform.split("/");
  const known = Object.hasOwn(runnable, architecture) ? runnable[architecture] : undefined;
  return (known ?? [architecture]).flatMap((each) =>
    Object.entries(platforms).flatMap(([name, id]) =>
      name === `${os}/${each}` || name.startsWith(`${os}/${each}/`) ? [id] : [],
    ),
  );
}

/** The digest as people read it: as many digits as Docker shows of an id. */
export function shortDigest(digest: string): string {
  return digest.replace(/^(sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1");
}
