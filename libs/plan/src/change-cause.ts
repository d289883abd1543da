import {
  type Cause,
  type DesiredService,
  type ObservedContainer,
  type ObservedInstanceFiles,
  type ServiceParts,
  compareText,
  imageDigestOf,
  runsLockedImage,
  shortDigest,
  withoutDigest,
} from "@keelson/model";

import { because } from "./cause.ts";

/**
 * What differs between two digests. Without the parts of the old one, or when nobody knows its algorithm any more, only the
 * image can be told.
 */
export function digestCauses(
  service: DesiredService,
  had: {
    before: ServiceParts | undefined;
    container: ObservedContainer;
    stored: ObservedInstanceFiles | undefined;
  },
): Cause[] {
  const { before, container, stored } = had;
  const after = service.digests.find(({ algorithm }) => algorithm === before?.algorithm);
  const parts = before === undefined || after === undefined ? [] : changedParts(before.parts, after.parts);
  if (container.differs !== undefined)
    return container.differs.map((field) => because.desired(`${field} differs`));
  const causes = [
    ...imageCauses(service, { container, before }),
    ...parts.map(({ part, verb }) => `${part} ${verb}`),
    ...(mayWriteReadOnlyFiles(container, stored) ? ["placed files are bound read-only now"] : []),
  ];
  const isUnexplained = causes.length === 0 && parts.length === 0;
  return (isUnexplained ? ["its configuration changed"] : causes).map(because.desired);
}

/** In the order of their names. The image has a cause of its own. */
function changedParts(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): { part: string; verb: string }[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((part) => part !== "image" && before[part] !== after[part])
    .sort(compareText)
    .map((part) => ({
      part,
      verb: before[part] === undefined ? "added" : after[part] === undefined ? "removed" : "changed",
    }));
}

/** As containers were made before binds became read-only: those that may write have a place of their own since. */
function mayWriteReadOnlyFiles(
  { writableBinds }: ObservedContainer,
  stored: ObservedInstanceFiles | undefined,
): boolean {
  if (stored === undefined) return false;
  return writableBinds.some(
    (path) => path.startsWith(`${stored.folder}/files/`) || path.startsWith(`${stored.folder}/live/`),
  );
}

/** An image under another name, or other bytes under the same one. */
function imageCauses(
  service: DesiredService,
  { container, before }: { container: ObservedContainer; before: ServiceParts | undefined },
): string[] {
  const { image, lockedImage } = service;
  const had = nameInContainer(container, { image, written: before?.parts["image"] });
  if (had !== null && had !== image) return [imageCause(had, image)];
  if (lockedImage === undefined || runsLockedImage(container, service)) return [];
  const [wanted, runs] = [lockedImage.digest, imageDigestOf(container)].map(shortDigest);
  return [`image: locked digest is ${wanted}, runs ${runs}`];
}

/** What a Compose file wrote, without the digest of a lock; null where a container was made by an id. */
function nameInContainer(
  { image: used }: ObservedContainer,
  { image, written }: { image: string; written: string | undefined },
): string | null {
  if (used.startsWith("sha256:")) return null;
  if (used === image || used === written || image.includes("@")) return used;
  const name = withoutDigest(used);
  const hasTag = name.lastIndexOf(":") > name.lastIndexOf("/");
  return name === image || hasTag ? name : used;
}

function imageCause(before: string, after: string): string {
  const [nameBefore, tagBefore] = splitTag(before);
  const [nameAfter, tagAfter] = splitTag(after);
  return nameBefore === nameAfter ? `image ${tagBefore} → ${tagAfter}` : `image ${before} → ${after}`;
}

/** Name and tag, or digest, of an image reference (distribution/reference). */
function splitTag(reference: string): [string, string] {
  const digestAt = reference.indexOf("@");
  if (digestAt >= 0) return [reference.slice(0, digestAt), reference.slice(digestAt + 1)];
  const at = reference.lastIndexOf(":");
  return at > reference.lastIndexOf("/")
    ? [reference.slice(0, at), reference.slice(at + 1)]
    : [reference, "latest"];
}
