import { setTimeout as sleep } from "node:timers/promises";

import type { Chance } from "./chance.ts";
import { type Action, type StormTarget, type Weather, actions, isRefusal } from "./storm-action.ts";
import { type Wish, filesOf, firstWish } from "./wish.ts";

/** How often something was done, and how often it was not possible (the engine away, the container gone). */
export type Tally = Record<string, { done: number; refused: number }>;

export interface Storm {
  /** Does something every 100 ms or so, for so long, and comes when all of it is done and everything answers again. */
  rage: (durationMs: number) => Promise<void>;
  readonly tally: Tally;
  /** What the last commit says. */
  readonly wish: () => Wish;
  readonly commit: () => string;
}

const tickMs = 100;

/** Commits the first wish; nothing happens before `rage`. */
export async function makeStorm(target: StormTarget): Promise<Storm> {
  const at: Weather = { ...target, wish: firstWish, commit: "" };
  const names = Object.keys(actions).filter(isAction);
  const tally: Tally = Object.fromEntries(names.map((name) => [name, { done: 0, refused: 0 }]));
  const { platform, engine, chance } = target;
  at.commit = await platform.push(filesOf(at.wish, platform.environment), "the first wish");

  const begin = async (name: Action) => {
    const count = tally[name];
    if (count === undefined) return;
    try {
      await actions[name].act(at);
      count.done++;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      count.refused++;
    }
  };
  return {
    rage: async (durationMs) => {
      const endMs = performance.now() + durationMs;
      const lanes = new Map<string, Promise<void>>();
      const failures: unknown[] = [];
      while (performance.now() < endMs) {
        const name = choose(names, chance);
        const { lane } = actions[name];
        if (!lanes.has(lane)) {
          const work = begin(name)
            .catch((error: unknown) => void failures.push(error))
            .finally(() => lanes.delete(lane));
          lanes.set(lane, work);
        }
        await sleep(tickMs * (0.5 + chance.next()));
      }
      await Promise.all(lanes.values());
      await engine.start();
      if (failures.length > 0) throw new AggregateError(failures, `the storm failed: ${String(failures[0])}`);
    },
    tally,
    wish: () => at.wish,
    commit: () => at.commit,
  };
}

function choose(names: readonly Action[], chance: Chance): Action {
  const sum = names.reduce((total, name) => total + actions[name].weight, 0);
  let left = chance.next() * sum;
  return names.find((name) => (left -= actions[name].weight) < 0) ?? "SIGHUP";
}

function isAction(name: string): name is Action {
  return name in actions;
}
