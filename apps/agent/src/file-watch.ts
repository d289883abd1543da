import { type Stats, unwatchFile, watchFile } from "node:fs";

/** How often a file is looked at: whoever mends one looks at the log next. */
const intervalMs = 2_000;

/** Files that a person changes on the node, there or not. */
export interface FileWatch {
  /** From now on these and no others. */
  keep: (paths: readonly string[]) => void;
}

/** Looks at what the system says of the files; `onChange` is told the path. It keeps no process alive. */
export function openFileWatch(onChange: (path: string) => void): FileWatch {
  const stops = new Map<string, () => void>();
  const start = (path: string) => {
    const listen = (now: Stats, before: Stats) => {
      // Also called for mere reading.
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
