import type { Json } from "./repository.ts";

/** One setting of an instance that two revisions have differently, or whose default they have differently. */
export interface SettingChange {
  /** As `keyPath` writes it. */
  path: string;
  /** Absent where the first revision has no such setting. */
  before?: Json;
  /** Absent where the second revision has none. The same as `before` where only the default changed. */
  after?: Json;
  /** The default of the release or local package, where it changed and the value is another one; a side without one has none. */
  default?: { before?: Json; after?: Json };
  /** Where `after` was written, absent with it; a release's default stands in its schema. */
  from?: { layer: string; name: string; file: string; line: number };
}

/** What an instance's settings have differently. */
export interface InstanceSettingChanges {
  instance: string;
  /** Its package: `release/package`, or a local one by its reference. */
  package: string;
  changes: SettingChange[];
}
