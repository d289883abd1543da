import type { LocalPackage, ReleaseFolder } from "@keelson/model";

/** What has a lock of images: a version of a release, or a local package. */
export type LockOwner =
  | { kind: "release"; name: string; version: string; folder: ReleaseFolder }
  | { kind: "local"; reference: string; folder: LocalPackage };
