import {
  type DesiredService,
  type ObservedContainer,
  type ObservedInstanceFiles,
  type ServiceParts,
  compareText,
} from "@keelson/model";

/**
 * What differs between two digests, in words. Without the parts of the old one, or when nobody knows its algorithm any more,
 * only the image can be told.
 */
export function digestCauses(
  service: DesiredService,
  on: {
    before: ServiceParts | undefined;
    container: ObservedContainer;
    stored: ObservedInstanceFiles | undefined;
  },
): string[] {
  const { image } = on.container;
  const causes = image === service.image ? [] : [imageCause(image, service.image)];
  const before = on.before?.parts;
  const after = service.digests.find(({ algorithm }) => algorithm === on.before?.algorithm)?.parts;
  if (before !== undefined && after !== undefined) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of [...keys].sort(compareText)) {
      if (key === "image" || before[key] === after[key]) continue;
      const verb = before[key] === undefined ? "added" : after[key] === undefined ? "removed" : "changed";
      causes.push(`${key} ${verb}`);
    }
  }
  if (mayWriteReadOnlyFiles(on)) causes.push("placed files are bound read-only now");
  return causes.length > 0 ? causes : ["its configuration changed"];
}

/** As containers were made before binds became read-only: those that may write have a place of their own since. */
function mayWriteReadOnlyFiles(on: {
  container: ObservedContainer;
  stored: ObservedInstanceFiles | undefined;
}): boolean {
  const { container, stored } = on;
  if (stored === undefined) return false;
  return container.writableBinds.some(
    (path) => path.startsWith(`${stored.folder}/files/`) || path.startsWith(`${stored.folder}/live/`),
  );
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

const namedCauses = 20;

/** The first of many causes of one kind, and how many more there are: a container can make a thousand of them. */
export function someOf(causes: readonly string[]): string[] {
  const more = causes.length - namedCauses;
  return more <= 0 ? [...causes] : [...causes.slice(0, namedCauses), `and ${more} more like that`];
}
