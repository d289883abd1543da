export interface ObservedStore {
  /** Every instance with a folder on the node. */
  storedInstances: ObservedInstanceFiles[];
  /** Where data folders lie, unless agent.yaml names another place for an instance; default not known. */
  dataDir?: ObservedDataDir;
  /** All data folders that are desired or that the record knows; default none. */
  dataFolders?: ObservedDataFolder[];
  /** Instances for which agent.yaml names a folder of data; default none. */
  placedInstances?: string[];
}

export interface ObservedDataDir {
  /** Absolute. */
  path: string;
  /** Whether Keelson's own file is in it: without it, the disk that holds it may not be mounted. */
  isMarked: boolean;
}

export interface ObservedDataFolder {
  /** The instance, and what its compose.yaml binds: where it is desired, else as the record has it. */
  instance: string;
  source: string;
  /** Absolute. */
  path: string;
  /** Only the record knows it: no instance is to have it, or at another place. */
  isFormer?: true;
  /** `empty` and `filled`: a folder. `other`: a link or a special file, there or on the way to it, or that it cannot be seen. */
  state: "absent" | "empty" | "filled" | "file" | "other";
  /** What lies where a file is kept, or was, by path in the folder; for a single file by its base name. */
  files: Record<string, ObservedFile>;
  /** Why it cannot be seen or used; null when it can. */
  fault: Pick<StoreFault, "code" | "message" | "hint"> | null;
}

/** The Compose file of an instance, in its folder. */
export const modelFile = "compose.json";

export interface ObservedInstanceFiles {
  instance: string;
  /** Absolute folder of the instance. */
  folder: string;
  /**
   * What lies where a desired file is to be, by path below the folder as a container sees it: `files/<digest>/…` and
   * `live/<mount>/…` (for the `data` layout the visible name, not the one behind `..data`).
   */
  files: Record<string, ObservedFile>;
  /**
   * Paths of whatever else lies there: every file in a folder that is bound, and outside of those only the topmost
   * entry that nothing desires. None of it is opened.
   */
  others: string[];
  /** Whether the Compose file that it ran from is there; default not. */
  hasModel?: boolean;
  /** Digests that the services have loaded, from beside the files; null when there are none. */
  applied: AppliedFiles | null;
  /** Why not all of it could be seen; null when all was. */
  fault: StoreFault | null;
}

/** Why not all files of one instance could be seen. Other instances are not concerned. */
export interface StoreFault {
  /** `files`: nothing is known of the instance's files. `others`: all desired files are known, not all of the others. */
  hides: "files" | "others";
  code: string;
  message: string;
  hint: string;
}

export interface ObservedFile {
  /**
   * The desired file's, when there is an ordinary file with just its bytes; of a kept file otherwise that of what was placed
   * last, when it has those; `differs` for anything else.
   */
  contentDigest: string;
  mode: number;
  uid: number;
  gid: number;
}

/** By service, then by `to`: the digest of the live file that the service has loaded. */
export type AppliedFiles = Record<string, Record<string, string>>;
