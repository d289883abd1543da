import { KeelsonError } from "@keelson/model";

import type { Log } from "./log-event.ts";
import { newerRevision } from "./round-summary.ts";

export interface NewerRevision {
  /** Aborted when the branch has moved on or the watcher is gone, so that the next round need not wait for this one. */
  signal: AbortSignal;
  /** The round itself has found the branch at another commit. */
  found: (commit: string) => void;
}

/** Listens for what ends the waiting of this round. */
export function listenForNewer(log: Log): NewerRevision {
  const newer = new AbortController();
  const end = () => newer.abort(new KeelsonError({ code: "K9060", message: "a newer revision came" }));
  process.once("disconnect", () =>
    newer.abort(new KeelsonError({ code: "K9062", message: "the agent that started this round is gone" })),
  );
  process.on("message", (message) => {
    if (message === newerRevision) end();
  });
  return {
    signal: newer.signal,
    found: (commit) => {
      const message = `the branch has moved on to ${commit.slice(0, 8)}`;
      log({ level: "info", event: "newer-revision", message, commit });
      end();
    },
  };
}
