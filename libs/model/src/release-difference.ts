/** One thing that two releases have differently; null where a release does not have it. */
export interface Changed {
  name: string;
  how: "added" | "removed" | "changed";
  before: string | null;
  after: string | null;
}

export interface PackageDifference {
  name: string;
  how: Changed["how"];
  version: Changed | null;
  /** Images by service, as the Compose files write them. */
  images: readonly Changed[];
  /** Files by path, package.yaml and the Compose file among them: mode and digest. */
  files: readonly Changed[];
  /** What it provides, requires and can use, such as `provides pryv-api`. */
  interfaces: readonly Changed[];
  /** Data formats by volume. */
  data: readonly Changed[];
  /** What it asks of the host, in words. */
  grants: readonly Changed[];
}

/** What whoever reviews an upgrade has to know. Names are sorted, so that equal releases give equal differences. */
export interface ReleaseDifference {
  packages: readonly PackageDifference[];
  /** By path of the setting: what the schema says of it, its default first. */
  settings: readonly Changed[];
  secrets: readonly Changed[];
  /** By reference: the digest that its tag is locked to. */
  lockedImages: readonly Changed[];
  /** Files of the release that belong to no package. */
  files: readonly Changed[];
}

/** A release of a repository by its names, with the digest of its folder. */
export interface ReleaseIdentity {
  name: string;
  version: string;
  digest: string;
}
