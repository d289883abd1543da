import { spawn } from "node:child_process";
import { once } from "node:events";

import { agentCommand, plainEnvironment, waitFor } from "../../support/index.ts";

/** `keelson-agent run`, as a service manager starts it. */
export interface StayingAgent extends AsyncDisposable {
  readonly pid: number;
  /** Its log and that of its rounds so far. */
  log(): string;
  /** Its log's events by their names, in order. */
  events(): string[];
  /** Comes when a check holds; its error shows the end of the log. */
  until(what: string, check: () => boolean | Promise<boolean>): Promise<void>;
  /** Sends a signal and waits for the end; returns the exit code, null when the signal ended it. */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

const longestMs = 60_000;

/** Starts an agent that stays, with these options of Node's own and this environment; disposing it kills it. */
export function startStaying(
  config: string,
  nodeOptions: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
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
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    if (agent.exitCode !== null || agent.signalCode !== null) return agent.exitCode;
    agent.kill(signal);
    await once(agent, "exit");
    return agent.exitCode;
  };
  return {
    pid: agent.pid ?? 0,
    log: () => log,
    events: () => [...log.matchAll(/"event":"([a-z-]+)"/g)].map(([, name = ""]) => name),
    until: async (what, check) => {
      const orFail = async () =>
        (await check()) || Promise.reject(new Error(`not yet; the agent said\n${log.slice(-2000)}`));
      await waitFor(orFail, { what, timeoutMs: longestMs });
    },
    end,
    [Symbol.asyncDispose]: async () => void (await end("SIGKILL")),
  };
}
