import type { ObservedContainer } from "./observed-engine.ts";
import type { InstanceStatus } from "./status.ts";

/**
 * A release in the node's store. `staged`: it was whole when it was written, and no check has found otherwise. `changed`: a check
 * found that its files are not what they were. `unfinished`: its note is missing, so nobody has said that it is whole. Only what
 * is `staged` is used.
 */
export interface StagedRelease {
  /** The name of its folder in the store. */
  entry: string;
  release: string;
  version: string;
  /** As `nix hash path` prints it; null for what is unfinished. */
  digest: string | null;
  /** In UTC; null for what is unfinished. */
  stagedAt: string | null;
  /** Of its files together; null for what is unfinished. */
  sizeBytes: number | null;
  state: "staged" | "changed" | "unfinished";
}

/** What a round said that the store must keep, by the names of entries. */
export interface StagedNeeds {
  /** Of the releases that the node is to have. */
  desired: string[];
  /** Of the releases of the commit that was applied last. */
  lastGood: string[];
}

/** What a check of an entry found. */
export interface StagedCheck extends Pick<StagedRelease, "entry" | "release" | "version"> {
  /** `missing`: the node needs it, and it is not there. */
  state: "ok" | "changed" | "unreadable" | "missing";
  /** Paths that differ from what was staged, sorted; empty where that cannot be told. */
  differing: string[];
  /** Why it cannot be read; null when it can. */
  because: string | null;
}

/**
 * The name of a release's folder in the store: half of its digest, so that two contents never share one, and words for people.
 * `digest` is as `nix hash path` prints it.
 */
export function stagedEntryName(release: { name: string; version: string; digest: string }): string {
  const hex = Buffer.from(release.digest.slice(release.digest.indexOf("-") + 1), "base64").toString("hex");
  return `${hex.slice(0, 32)}-${release.name}-${release.version}`;
}

/** What the name of an entry says; null for a name that is none. A version begins after the last dash before the first dot. */
export function readEntryName(entry: string): { name: string; version: string; half: string } | null {
  const found = /^([0-9a-f]{32})-([a-z0-9-]+)-(\d+\.[0-9A-Za-z.+-]+)$/.exec(entry);
  if (found === null) return null;
  const [, half = "", name = "", version = ""] = found;
  return { half, name, version };
}

/** What a node knows of an instance, from what its engine, its state folder, its record and its last status say. */
export interface InstanceEvidence {
  /** Its own containers, sorted by name; null where the engine cannot be asked. */
  containers: Pick<ObservedContainer, "id" | "name" | "service" | "image" | "imageId" | "state">[] | null;
  /** Why the engine cannot be asked; null when it can. */
  engineError: unknown;
  /** As the last status has it; null where that does not name it. */
  told: InstanceStatus | null;
  /** The commit that was applied last; empty when none was. */
  commit: string;
  /** What is in the store of its release at its version; null for a local package, and where nothing is. */
  staged: (StagedRelease & { path: string; check: StagedCheck }) | null;
  /** The folder of its placed files; null where there is none. */
  filesFolder: string | null;
  /** Data folders and volumes that the record knows as its own, with whether the last round desired them. */
  folders: { path: string; isUsed: boolean }[];
  volumes: { name: string; isUsed: boolean }[];
}

/** What a round has brought into the node's store. */
export interface StagingOutcome {
  /** Releases whose files are there, as `<release>@<version>`, sorted; null where nothing was staged, since it was not known what, or action is withheld. */
  releases: string[] | null;
  /** What could not be staged, or not be told of the store, each with the resource that it concerns. */
  failures: { resource: string; error: unknown }[];
}

export const nothingStaged: StagingOutcome = { releases: null, failures: [] };
