import { type Status, isLocalReference } from "@keelson/model";

type ReportedPackage = Pick<Status["instances"][number], "package" | "version" | "releaseVersion">;

/** What an instance is made of: `wiki/web 1.2.0`, with the release's version where that is another; `./apps/wiki@1a2b3c4`. */
export function formatPackage(reported: ReportedPackage): string {
  const { package: reference, version, releaseVersion } = reported;
  if (isLocalReference(reference))
    return version === "" ? reference : `${reference}@${shownVersion(reported)}`;
  const release =
    releaseVersion === undefined || releaseVersion === version ? "" : ` (release ${releaseVersion})`;
  return `${reference} ${version}${release}`;
}

/** The version as people read it: of a local package the first digits of the digest of its files, as many as Git shows. */
export function shownVersion({ package: reference, version }: ReportedPackage): string {
  return isLocalReference(reference) ? version.slice(0, 7) : version;
}
