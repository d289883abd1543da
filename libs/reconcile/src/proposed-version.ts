import {
  type ChosenRelease,
  findLockedFolders,
  followLinks,
  makeLock,
  raiseRange,
  readRepository,
  writeLock,
} from "@keelson/manifest";
import type { EnvironmentFolder, Repository, Snapshot } from "@keelson/model";

import { withTexts } from "./documented-snapshot.ts";

export interface WantedRelease {
  name: string;
  version: string;
  /** As `nix hash path` prints it. */
  digest: string;
}

/** The revision as if the environment's lock named this version of a release, and everything else as it is. */
export async function withVersion(
  snapshot: Snapshot,
  { environment, release }: { environment: string; release: WantedRelease },
): Promise<Snapshot> {
  const environments = await snapshot.readFiles(["environments/"]);
  const linked = followLinks(environments);
  const own = `releases/${release.name}/${release.version}/`;
  const releases = await snapshot.readFiles([...findLockedFolders(linked, environment), own]);
  const { repository } = readRepository(followLinks(new Map([...environments, ...releases])));
  const folder = repository.environments.get(environment);
  if (folder === undefined || folder.lock === null) return snapshot;
  if (!Object.hasOwn(folder.environment.value.releases, release.name)) return snapshot;
  const { lock } = makeLock(folder, chosenOf(folder, { repository, release }));
  // What a lock does not say of the others stays unsaid.
  for (const entry of Object.values(lock.releases)) if (entry.digest === "") delete entry.digest;
  const raised = raiseRange(folder, { release: release.name, range: release.version, files: environments });
  return withTexts(
    snapshot,
    new Map([
      [folder.lock.file, writeLock(lock, null)],
      ...(raised === null ? [] : [[raised.file, raised.text] as const]),
    ]),
  );
}

function chosenOf(
  { lock }: EnvironmentFolder,
  { repository, release }: { repository: Repository; release: WantedRelease },
): Map<string, ChosenRelease> {
  const locked = Object.entries(lock?.value.releases ?? {});
  const chosen = locked.map(([name, entry]) =>
    name === release.name ? release : { name, version: entry.version, digest: entry.digest ?? "" },
  );
  return new Map(
    chosen.flatMap(({ name, version, digest }): [string, ChosenRelease][] => {
      const folder = repository.releases.get(`${name}@${version}`);
      return folder === undefined ? [] : [[name, { version, folder, digest }]];
    }),
  );
}
