import { spawn } from "node:child_process";
import { once } from "node:events";

import { agentCommand, plainEnvironment, waitFor } from "../support/index.ts";

export interface StayingOptions {
  /** Options of Node's own. */
  readonly nodeOptions?: readonly string[];
  /** Over the plain environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** `keelson-agent run`, as a service manager starts it. */
export interface StayingAgent extends AsyncDisposable {
  readonly pid: number;
  /** Its log and that of its rounds so far. */
  log(): string;
  /** Its log's events by their names, in order. */
  events(): string[];
  /** How often the log has one of these events. */
  count(...events: readonly string[]): number;
  /** Why each round so far began, in order. */
  triggers(): string[];
  /** Comes when a check holds; its error shows the end of the log. */
  until(what: string, check: () => boolean | Promise<boolean>): Promise<void>;
  hasEnded(): boolean;
  /** Sends a signal and waits for the end; returns the exit code, null when the signal ended it. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

/** Several processes do what is waited for, one after another. */
const longestMs = 180_000;

/** Starts an agent that stays; disposing it kills it. */
export function startStaying(
  config: string,
  { nodeOptions = [], env = {} }: StayingOptions = {},
): StayingAgent {
  const [file, ...args] = agentCommand(["run", "--config", config]);
  const agent = spawn(file, [...nodeOptions, ...args], {
    env: plainEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [agent.stdout, agent.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      log += chunk;
    });
  }
  const hasEnded = () => agent.exitCode !== null || agent.signalCode !== null;
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    if (hasEnded()) return agent.exitCode;
    agent.kill(signal);
    await once(agent, "exit");
    return agent.exitCode;
  };
  const events = () => [...log.matchAll(/"event":"([a-z-]+)"/g)].map(([, name = ""]) => name);
  return {
    pid: agent.pid ?? 0,
    log: () => log,
    events,
    count: (...names) => events().filter((name) => names.includes(name)).length,
    triggers: () => [...log.matchAll(/"message":"round: ([^"]*)"/g)].map(([, trigger = ""]) => trigger),
    until: async (what, check) => {
      const orFail = async () =>
        (await check()) || Promise.reject(new Error(`not yet; the agent said\n${log.slice(-2000)}`));
      await waitFor(orFail, { what, timeoutMs: longestMs });
    },
    hasEnded,
    end,
    [Symbol.asyncDispose]: async () => void (await end("SIGKILL")),
  };
}
