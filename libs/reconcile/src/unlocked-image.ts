import { type Problem, type Repository, imageLockFile, ownOf } from "@keelson/model";

import type { LockOwner } from "./lock-owner.ts";
import { type ImagePorts, listWritten } from "./package-images.ts";

/**
 * K1453, a warning: images that a lock lacks, of releases and local packages that no node has. By their text alone: what only settings
 * make known is not among them. `judged`: folders of the packages that nodes have, of which their desired state tells it.
 */
export function findUnlockedText(
  { releases, local }: Pick<Repository, "releases" | "local">,
  { judged, ...ports }: Pick<ImagePorts, "listImages"> & { judged: ReadonlySet<string> },
): Problem[] {
  const owners: LockOwner[] = [
    ...[...releases.values()].map((folder): LockOwner => {
      const { name, version } = folder.release.value;
      return { kind: "release", name, version, folder };
    }),
    ...[...local].map(([reference, folder]): LockOwner => ({ kind: "local", reference, folder })),
  ];
  return owners.flatMap((owner) => {
    const lock = owner.folder.imageLock;
    if (lock === null) return [];
    return listWritten(owner, ports)
      .filter(({ package: folder }) => !judged.has(folder))
      .flatMap(({ service, written: { reference, place } }) =>
        reference === null || reference.includes("@") || ownOf(lock.value.images, reference) !== undefined
          ? []
          : [
              {
                code: "K1453",
                ...place,
                message: `${service} runs ${reference}, which ${lock.file} does not lock`,
                hint: howToLock(owner),
              },
            ],
      );
  });
}

function howToLock(owner: LockOwner): string {
  return owner.kind === "local"
    ? `Run keelson release lock ${owner.reference}, and commit its ${imageLockFile}.`
    : `Run keelson release lock ${owner.name}@${owner.version} before it is published; a published one needs a new version.`;
}
