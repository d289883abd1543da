import { type Problem, type SourceFiles, compareText, problemOf } from "@keelson/model";

/** Reading takes up to six seconds for each MiB of the worst text; a fleet of a thousand environments has a fifth of one. */
export const maxDocumentsBytes = 8 * 1024 * 1024;

/**
 * K1006 at the first document, by path, that goes over the limit of all: each may be within its own limit, and a few
 * kilobytes of Git can hold the same one hundreds of times.
 */
export function findTooMuch(files: SourceFiles): Problem[] {
  let bytes = 0;
  for (const { path, bytes: content } of [...files.values()].sort((a, b) => compareText(a.path, b.path))) {
    if (!documentPattern.test(path)) continue;
    bytes += content.byteLength;
    if (bytes <= maxDocumentsBytes) continue;
    const message = `with this file, all documents together are larger than ${maxDocumentsBytes / 1024 / 1024} MiB`;
    const hint = "move what is large into files of packages, or environments into a repository of their own";
    return [problemOf(path, { code: "K1006", message, hint })];
  }
  return [];
}

/** The files that are parsed: all of an environment, of a release all but the contents of its packages, and package.yaml elsewhere. */
const documentPattern =
  /^(?:environments\/[^/]+\/.*\.yaml|releases\/[^/]+\/[^/]+\/(?:packages\/[^/]+\/package\.yaml|migrations\/.*|[^/]+)|(?!releases\/|environments\/)(?:.*\/)?package\.yaml)$/s;
