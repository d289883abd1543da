import { restartBackoffMs } from "./next-round.ts";

/** A container that has not changed for so long since its back-off ended begins a new one. */
const calmMs = 60_000;

/**
 * Containers that change again and again, by name. Each is in a back-off of its own, so that none holds up the others. All
 * times are of the monotonic clock.
 */
export interface RestartBackoff {
  /** These containers changed, and triggered a round. */
  noteChanges: (names: readonly string[], atMs: number) => void;
  /** Whether a change of this container triggers nothing now. */
  isWaiting: (name: string, atMs: number) => boolean;
  /** When the first of them may trigger a round again; Infinity when none is waiting. */
  nextEndMs: (atMs: number) => number;
}

export function openRestartBackoff(): RestartBackoff {
  const byName = new Map<string, { changes: number; untilMs: number }>();
  return {
    noteChanges: (names, atMs) => {
      for (const [name, { untilMs }] of byName) if (atMs - untilMs >= calmMs) byName.delete(name);
      for (const name of names) {
        const changes = (byName.get(name)?.changes ?? -1) + 1;
        byName.set(name, { changes, untilMs: atMs + restartBackoffMs(changes) });
      }
    },
    isWaiting: (name, atMs) => atMs < (byName.get(name)?.untilMs ?? -Infinity),
    nextEndMs: (atMs) =>
      Math.min(...[...byName.values()].map(({ untilMs }) => untilMs).filter((untilMs) => untilMs > atMs)),
  };
}
