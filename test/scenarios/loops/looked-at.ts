import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";

import type { Status } from "../../../libs/model/src/index.ts";
import { waitFor } from "../../support/index.ts";
import { type StayingAgent, startStaying } from "../agent/staying-agent.ts";
import type { Container, Platform } from "../platform.ts";

/** A platform with an agent that stays and looks every second, and what can be told of them. */
export interface LookedAt extends AsyncDisposable {
  readonly agent: () => StayingAgent;
  /** Ends the agent as a service manager does, and starts it again. */
  restartAgent(): Promise<void>;
  /** Comes when a check holds and then a few looks in a row have asked for no round; nothing was touched since. */
  settles(what: string, check: () => boolean | Promise<boolean>): Promise<Container[]>;
  /** Comes when the agent has looked so many times more. */
  looks(count: number): Promise<void>;
  /** How often Git was asked, by looks and by rounds. */
  asked(): number;
  rounds(): number;
  /** Operations that were tried, but for mere steps. */
  operations(): number;
  /** Seconds until the next round, each time it was told. */
  waits(): number[];
  /** What the last round reported on the node. */
  status(): Promise<Status>;
}

const quietLooks = 3;

export function lookAt(platform: Platform): LookedAt {
  let agent = startStaying(platform.config);
  const count = (pattern: RegExp) => [...agent.log().matchAll(pattern)].length;
  const rounds = () => count(/"event":"round-began"/g);
  const asked = () => platform.server.requests.filter(({ method }) => method === "POST").length;
  const looks = async (more: number) => {
    const before = asked();
    await waitFor(() => asked() >= before + more, { what: `${more} looks` });
  };
  return {
    agent: () => agent,
    restartAgent: async () => {
      expect(await agent.end("SIGTERM")).toBe(0);
      agent = startStaying(platform.config);
    },
    settles: async (what, check) => {
      await agent.until(what, check);
      let containers: Container[] = [];
      await agent.until(`${what}, and quiet`, async () => {
        // What a round that is at work looks at counts for nothing.
        if (rounds() !== count(/"event":"round-ended"/g)) return false;
        const before = rounds();
        containers = await platform.containers();
        await looks(quietLooks);
        return rounds() === before && before > 0;
      });
      expect(await platform.containers()).toEqual(containers);
      expect(await check(), `${what} still`).toBe(true);
      return containers;
    },
    looks,
    asked,
    rounds,
    operations: () => count(/"event":"operation-(?:done|failed)"/g),
    waits: () => [...agent.log().matchAll(/next round in (\d+) s/g)].map(([, seconds]) => Number(seconds)),
    status: async () => JSON.parse(await readFile(join(platform.stateDir, "status.json"), "utf8")),
    [Symbol.asyncDispose]: async () => agent[Symbol.asyncDispose](),
  };
}
