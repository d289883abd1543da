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
import { writeBlock } from "./written-yaml.ts";

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

/** The text of a lock of images; comments at the top of the one before stay. */
export function writeImageLock({ images }: ImageLock, before: string | null): string {
  const top = before === null ? header : (/^(?:#.*\n|\s*\n)*/.exec(before)?.[0] ?? "");
  const sorted = Object.entries(images)
    .sort(([a], [b]) => compareText(a, b))
    .map(([reference, { digest, platforms }]) => [
      reference,
      {
        digest,
        platforms: Object.fromEntries(Object.entries(platforms).sort(([a], [b]) => compareText(a, b))),
      },
    ]);
  const lines = sorted.length === 0 ? ["images: {}"] : writeBlock({ images: Object.fromEntries(sorted) });
  return `${top}${lines.join("\n")}\n`;
}

const header =
  "# Written by keelson release lock: what the tags of images named then. Review it, and leave it as it is.\n";
