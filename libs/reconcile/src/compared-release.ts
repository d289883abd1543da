import { describeAsk } from "@keelson/grants";
import {
  type ComparedRelease,
  compareReleases,
  followLinks,
  listReleases,
  readRepository,
} from "@keelson/manifest";
import {
  type Ask,
  type ComposeInput,
  KeelsonError,
  type ReleaseDifference,
  type ReleaseIdentity,
  type Repository,
  type SourceFile,
  type SourceFiles,
  hintFor,
  quote,
  stalled,
} from "@keelson/model";
import { digestOfFiles } from "@keelson/nar";
import { unplacedInput } from "@keelson/render";

type ReleaseName = Pick<ReleaseIdentity, "name" | "version">;

/** What two releases have differently, with the digest of each. */
export interface ComparedReleases {
  before: ReleaseIdentity;
  after: ReleaseIdentity;
  difference: ReleaseDifference;
}

interface ComparePorts {
  /** What the Compose files of a package ask of the host. */
  listAsks: (input: ComposeInput) => Ask[];
}

/**
 * Compares two releases among the files of a revision, links not followed. Throws K1102 for one that is not there, and for one
 * that cannot be read.
 */
export async function compareVersions(
  files: SourceFiles,
  { before, after, ...ports }: ComparePorts & { before: ReleaseName; after: ReleaseName },
): Promise<ComparedReleases> {
  const read = readRepository(followLinks(files)).repository;
  const [old, next] = [find(before, { files, read, ...ports }), find(after, { files, read, ...ports })];
  return {
    before: await identityOf(before, files),
    after: await identityOf(after, files),
    difference: compareReleases(old, next),
  };
}

function find(
  { name, version }: ReleaseName,
  { files, read, listAsks }: ComparePorts & { files: SourceFiles; read: Repository },
): ComparedRelease {
  const folder = read.releases.get(`${name}@${version}`);
  const path = `releases/${name}/${version}/`;
  const inside = new Map(
    [...files].flatMap(([at, file]): [string, SourceFile][] =>
      at.startsWith(path) ? [[at.slice(path.length), file]] : [],
    ),
  );
  if (folder === undefined) throw notThere({ name, version }, { files, isThere: inside.size > 0 });
  const asks = [...folder.packages].map(
    ([each, of]) => [each, listAsks(unplacedInput(of)).map(describeAsk)] as const,
  );
  return { folder, files: inside, asks: new Map(asks) };
}

async function identityOf({ name, version }: ReleaseName, files: SourceFiles): Promise<ReleaseIdentity> {
  const digest = (await digestOfFiles(files.values(), `releases/${name}/${version}`)) ?? "";
  return { name, version, digest };
}

function notThere(
  { name, version }: ReleaseName,
  { files, isThere }: { files: SourceFiles; isThere: boolean },
): KeelsonError {
  const all = listReleases(files);
  const versions = all.get(name);
  const hint =
    versions === undefined
      ? hintFor(name, { known: [...all.keys()], as: "releases there" })
      : `Versions there: ${versions.slice(0, 8).join(", ")}`;
  return new KeelsonError({
    code: "K1102",
    message: isThere
      ? `releases/${name}/${version} cannot be read`
      : `there is no release ${quote(`${name}@${version}`)}`,
    hint: isThere
      ? "See what is wrong with it: keelson check"
      : (hint ?? "There is no release in releases/."),
    outcome: stalled,
  });
}
