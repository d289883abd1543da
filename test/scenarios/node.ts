import { expect } from "vitest";

import { isReady } from "./node-status.ts";
import { type Answer, ask } from "./page.ts";
import type { Container } from "./containers.ts";
import type { Platform, PlatformOptions } from "./platform-shape.ts";
import { startPlatform } from "./start-platform.ts";
import type { StayingAgent, StayingOptions } from "./staying-agent.ts";

export interface NodeOptions extends PlatformOptions {
  /** Done to the platform before its agent starts; what it returns is disposed when the agent has ended. */
  readonly prepare?: (platform: Platform) => Promise<AsyncDisposable | void>;
  /** Of the process of the agent. */
  readonly process?: StayingOptions;
}

/** A whole node: a platform, and the agent that stays on it, looks every second unless told, and has a monitor. */
export interface Node extends Platform {
  /** The one that was started last. */
  readonly agent: StayingAgent;
  /** Ends the agent as a service manager does, unless it was killed, and starts another one; in between does this. */
  restartAgent(meanwhile?: () => Promise<unknown>): Promise<void>;
  /** Comes when the node says of itself that it is ready. */
  untilReady(): Promise<void>;
  /** Comes when the agent has looked so many times more between rounds. */
  looks(count: number): Promise<void>;
  /** Comes when no round is at work and that many looks in a row have asked for none. */
  rests(looks?: number): Promise<void>;
  /** Comes when a check holds and then the agent rests; nothing was touched since. Returns the containers. */
  settles(what: string, check: () => boolean | Promise<boolean>): Promise<Container[]>;
  /** What the monitor answers to `/readyz` and the like; rejects while nobody listens. */
  ask(path: string): Promise<Answer>;
  /** Whether the monitor calls the node ready; false while nobody listens. */
  isCalledReady(): Promise<boolean>;
  /** The value of `keelson_agent_<name>`, which may have labels: `rounds_total{result="lost"}`. */
  metric(name: string): Promise<number>;
}

/** Starts a platform and its agent; disposing it ends both. Prefer `useNode` and `withNode`, which keep artefacts. */
export async function startNode({ prepare, process, ...options }: NodeOptions): Promise<Node> {
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(
    await startPlatform({ monitor: {}, ...options, agent: { interval: "1s", ...options.agent } }),
  );
  const prepared = await prepare?.(platform);
  if (prepared !== undefined) stack.use(prepared);
  const node = stayOn(platform, process);
  stack.defer(node[Symbol.asyncDispose]);
  const cleanUp = stack.move();
  return Object.assign(node, { [Symbol.asyncDispose]: async () => cleanUp.disposeAsync() });
}

/** Starts an agent on a platform with a monitor; disposing it ends the agent alone. */
export function stayOn(platform: Platform, process?: StayingOptions): Node {
  let agent = platform.startAgent(process);
  const askMonitor = async (path: string) => ask({ socketPath: platform.monitorSocket }, path);
  const metric = async (name: string) => {
    const lines = (await askMonitor("/metrics")).body.split("\n");
    return Number(
      lines
        .find((line) => line.startsWith(`keelson_agent_${name} `))
        ?.split(" ")
        .at(-1),
    );
  };
  const looks = async (count: number) => {
    let first: number | undefined;
    await agent.until(`${count} looks`, async () => {
      const now = await metric("polls_total");
      first ??= now;
      return now >= first + count;
    });
  };
  const isAtRest = () =>
    agent.events().findLast((event) => /^round-(?:began|ended|lost)$/.test(event)) === "round-ended";
  const rests = async (count = 3) =>
    agent.until("rest", async () => {
      const rounds = agent.count("round-began");
      // What a round that is at work looks at counts for nothing.
      if (!isAtRest()) return false;
      await looks(count);
      return agent.count("round-began") === rounds;
    });
  return {
    ...platform,
    get agent() {
      return agent;
    },
    restartAgent: async (meanwhile) => {
      if (!agent.hasEnded()) expect(await agent.end("SIGTERM")).toBe(0);
      await meanwhile?.();
      agent = platform.startAgent(process);
    },
    untilReady: async () => agent.until("readiness", async () => isReady(await platform.status())),
    looks,
    rests,
    settles: async (what, check) => {
      await agent.until(what, check);
      let containers: Container[] = [];
      await agent.until(`${what}, and rest`, async () => {
        const rounds = agent.count("round-began");
        containers = await platform.containers();
        await rests();
        return agent.count("round-began") === rounds;
      });
      expect(await platform.containers()).toEqual(containers);
      expect(await check(), `${what} still`).toBe(true);
      return containers;
    },
    ask: askMonitor,
    isCalledReady: async () => (await askMonitor("/readyz")).status === 200,
    metric,
    [Symbol.asyncDispose]: async () => agent[Symbol.asyncDispose](),
  };
}
