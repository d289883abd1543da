import { type Stats, unwatchFile, watchFile } from "node:fs";

/** How often a file is checked. A person who mends one reads the log next. */
const intervalMs = 2_000;

/** Watches files that a person changes on the node, whether they are there or not. */
export interface FileWatch {
  /** Watches these files from now on, and no others. */
  keep: (paths: readonly string[]) => void;
}

/** `onChange` gets the path of a file that changed. Watching keeps no process alive. */
export function openFileWatch(onChange: (path: string) => void): FileWatch {
  const stops = new Map<string, () => void>();
  const start = (path: string) => {
    const listen = (now: Stats, before: Stats) => {
      // Node also calls this after a file was only read.
      if (fingerprint(now) !== fingerprint(before)) onChange(path);
    };
    watchFile(path, { persistent: false, interval: intervalMs }, listen);
    return () => unwatchFile(path, listen);
  };
  return {
    keep: (paths) => {
      for (const [path, stop] of stops) {
        if (paths.includes(path)) continue;
        stop();
        stops.delete(path);
      }
      for (const path of paths) if (!stops.has(path)) stops.set(path, start(path));
    },
  };
}

function fingerprint({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [ino, size, mtimeMs, ctimeMs].join(" ");
}
