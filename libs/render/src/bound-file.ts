import {
  type DesiredFile,
  type NodeSecrets,
  type OnChange,
  type RenderedFile,
  type RenderedInstance,
  type SourceFile,
  digestValue,
  gitsOwn,
  imageLockFile,
  sealedSecretsFile,
} from "@keelson/model";

import { committedMode } from "./rendered-file.ts";

/** A file that may lie where something is bound. */
export type BoundFile = Omit<DesiredFile, "path"> &
  Pick<RenderedFile, "writable"> & {
    /** Whether it is a committed file in its own place, and not one that is made or put elsewhere. */
    isInPlace: boolean;
  };

/** Folder of what relative binds start from, in the repository. */
export function composeFolderOf({ compose }: RenderedInstance): string {
  return `${compose.folder}/${compose.composeFiles[0]}`.replace(/\/[^/]*$/, "");
}

/** What `files` of package.yaml places. */
export function findPlacedFiles(instance: RenderedInstance, secrets: NodeSecrets): BoundFile[] {
  const folder = composeFolderOf(instance);
  return instance.files.map((file) => {
    const { to, content, mode, owner, onChange, writable } = file;
    const contentDigest = secrets.digestContent(content, file.secrets);
    return {
      to,
      content,
      secrets: file.secrets,
      mode,
      owner,
      onChange,
      writable,
      contentDigest,
      digest: digestValue({ contentDigest, mode, owner }),
      isInPlace: file.template === `${folder}/${to}`,
    };
  });
}

/** The other committed files that a bind of a local package reaches, by the path that would bind each. */
export function findCommittedFiles(instance: RenderedInstance): Map<string, SourceFile> {
  const { packageFiles, dotenv } = instance.compose;
  const folder = composeFolderOf(instance);
  // What is encrypted is bound as it is committed.
  const files = [...(dotenv === null ? [] : [dotenv]), ...packageFiles];
  return new Map(
    files
      .filter(({ mode }) => mode === "100644" || mode === "100755")
      .map((file) => [relativePath(folder, file.path), file]),
  );
}

/** Files below a bound folder that say how the package is deployed, and are not for its containers. */
export function isOfPackage(file: SourceFile, { compose }: RenderedInstance): boolean {
  const own = [...compose.composeFiles, "package.yaml", sealedSecretsFile, imageLockFile].map(
    (path) => `${compose.folder}/${path}`,
  );
  return gitsOwn.test(file.path) || own.includes(file.path) || file.path === compose.dotenv?.path;
}

export function committedFile(
  to: string,
  { file, onChange, secrets }: { file: SourceFile; onChange: OnChange; secrets: NodeSecrets },
): BoundFile {
  const mode = committedMode(file);
  const contentDigest = secrets.digestContent(file.bytes, []);
  const digest = digestValue({ contentDigest, mode, owner: null });
  const made = { content: file.bytes, secrets: [], mode, owner: null, onChange, contentDigest, digest };
  return { to, ...made, writable: false, isInPlace: true };
}

/** `../common/x` for `apps/common/x`, seen from `apps/wiki`. */
function relativePath(folder: string, path: string): string {
  const from = folder.split("/");
  const to = path.split("/");
  let same = 0;
  while (same < from.length && from[same] === to[same]) same += 1;
  return [...from.slice(same).map(() => ".."), ...to.slice(same)].join("/");
}
