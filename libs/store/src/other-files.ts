import { type Pace, newPace } from "./pace.ts";

/** Many times what a program leaves beside its configuration; listing so many names takes some milliseconds. */
export const entriesLimit = 10_000;
/** Of those, files: a plan names each of them, and so do the notes of a service that may have loaded it. */
export const pathsLimit = 1_000;
const charactersLimit = 256 * 1024;
const timeLimitMs = 10_000;

/** What lies in an instance's folder besides what is desired, up to a limit: a container decides how much it is. */
export interface OtherFiles {
  readonly paths: string[];
  /** The folder of ours in which the limit was reached; null when everything was seen. */
  readonly endedAt: () => string | null;
  readonly note: (path: string) => void;
  /** Asked before each entry in a folder of ours, however deep; false from when a limit is reached. */
  readonly mayRead: (path: string) => Promise<boolean>;
}

export function newOtherFiles(): OtherFiles {
  const paths: string[] = [];
  let endedAt: string | null = null;
  let entries = 0;
  let characters = 0;
  let pace: Pace | undefined;
  return {
    paths,
    endedAt: () => endedAt,
    note: (path) => {
      paths.push(path);
      characters += path.length;
    },
    mayRead: async (path) => {
      entries += 1;
      pace ??= newPace(timeLimitMs);
      if (pace.isDue()) await pace.rest();
      const isFull = paths.length >= pathsLimit || characters > charactersLimit;
      if (isFull || entries > entriesLimit || pace.isOver()) endedAt ??= path;
      return endedAt === null;
    },
  };
}
