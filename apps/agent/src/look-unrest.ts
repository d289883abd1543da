import { settleMs } from "./pace.ts";

/** Changes sooner than this after one another, rests left out, come from something that does not settle. */
const calmMs = 60_000;

/** Containers that keep changing, by name: each is left to settle for itself, so that none holds up the others. */
export interface Unrest {
  /** These changed, and a round is asked for. */
  note: (names: readonly string[], atMs: number) => void;
  isResting: (name: string, atMs: number) => boolean;
  /** When the first of their rests ends; Infinity when nothing rests. By the monotonic clock, as all times here. */
  nextEndMs: (atMs: number) => number;
}

export function openUnrest(): Unrest {
  const restless = new Map<string, { rounds: number; untilMs: number }>();
  return {
    note: (names, atMs) => {
      for (const [name, { untilMs }] of restless) if (atMs - untilMs >= calmMs) restless.delete(name);
      for (const name of names) {
        const rounds = (restless.get(name)?.rounds ?? -1) + 1;
        restless.set(name, { rounds, untilMs: atMs + settleMs(rounds) });
      }
    },
    isResting: (name, atMs) => atMs < (restless.get(name)?.untilMs ?? -Infinity),
    nextEndMs: (atMs) =>
      Math.min(...[...restless.values()].map(({ untilMs }) => untilMs).filter((untilMs) => untilMs > atMs)),
  };
}
