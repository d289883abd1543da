import type { PolledContainer } from "@keelson/engine/poll";
import type { RefPollInput } from "@keelson/git/poll";

/** What a round tells the watcher that started it; the watcher itself reads no document and loads no library. */
export interface RoundReport {
  /** Everything is as desired, and healthy. */
  isReady: boolean;
  /** Nothing but a new revision or a human will change the outcome. */
  isStalled: boolean;
  /** How many operations were tried. */
  operationCount: number;
  /** The commit the branch was at; empty when Git could not be asked. */
  commit: string;
  /** Our containers at the end of the round, by id; null when the engine could not be asked. */
  containers: Record<string, Fingerprint> | null;
  follow: Follow;
}

/** `<state> <health>` */
export type Fingerprint = `${PolledContainer["state"]} ${PolledContainer["health"]}`;

export function fingerprintOf({ state, health }: Pick<PolledContainer, "state" | "health">): Fingerprint {
  return `${state} ${health}`;
}

/** What to look at between rounds, and how often. */
export interface Follow {
  git: RefPollInput;
  environment: string;
  dockerHost: string | undefined;
  intervalMs: number;
}
