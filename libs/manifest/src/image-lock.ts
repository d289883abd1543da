import {
  ImageLock,
  type Located,
  type Problem,
  type SourceFile,
  compareText,
  imageLockFile,
} from "@keelson/model";

import { readDocument } from "./document-check.ts";
import type { FolderFiles } from "./tree.ts";
import { inline } from "./written-yaml.ts";

/** `images.lock.yaml` among the files of a release or of a local package; null where there is none, or it cannot be used. */
export function readImageLock(files: FolderFiles): {
  imageLock: Located<ImageLock> | null;
  problems: Problem[];
} {
  const file: SourceFile | undefined = files.get(imageLockFile);
  if (file === undefined) return { imageLock: null, problems: [] };
  const { value, problems } = readDocument(file, ImageLock);
  return { imageLock: value, problems };
}

/** The text of a lock of images, a line for each platform; comments at the top of the one before stay. */
export function writeImageLock({ images }: ImageLock, before: string | null): string {
  const top = before === null ? header : (/^(?:#.*\n|\s*\n)*/.exec(before)?.[0] ?? "");
  const lines = sorted(images).flatMap(([reference, { digest, platforms }]) => [
    `  ${inline(reference)}:`,
    `    digest: ${digest}`,
    Object.keys(platforms).length === 0 ? "    platforms: {}" : "    platforms:",
    ...sorted(platforms).map(([platform, id]) => `      ${inline(platform)}: ${id}`),
  ]);
  const body = lines.length === 0 ? ["images: {}"] : ["images:", ...lines];
  return `${top}${body.join("\n")}\n`;
}

function sorted<V>(map: Readonly<Record<string, V>>): [string, V][] {
  return Object.entries(map).sort(([a], [b]) => compareText(a, b));
}

const header =
  "# Written by keelson release lock: what the tags of images named then. Review it, and leave it as it is.\n";
