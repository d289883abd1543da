import { spawn } from "node:child_process";
import { once } from "node:events";

import { plainEnvironment, waitFor } from "../support/index.ts";

/** `keelson-agent run` of an installed package. */
export interface InstalledAgent extends AsyncDisposable {
  readonly pid: number;
  /** Its log and that of its rounds so far. */
  log(): string;
  /** Comes when a check holds and throws nothing; its error shows the end of the log. */
  until(what: string, check: () => Promise<boolean>): Promise<void>;
  /** Sends a signal and waits for the end; returns the exit code, null when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts an agent by the path of its program; disposing it kills it. */
export function startInstalled(program: string, config: string): InstalledAgent {
  const agent = spawn(process.execPath, [program, "run", "--config", config], {
    env: plainEnvironment(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [agent.stdout, agent.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      log += chunk;
    });
  }
  const hasEnded = () => agent.exitCode !== null || agent.signalCode !== null;
  const end = async (signal: NodeJS.Signals) => {
    if (hasEnded()) return agent.exitCode;
    agent.kill(signal);
    await once(agent, "exit");
    return agent.exitCode;
  };
  return {
    pid: agent.pid ?? 0,
    log: () => log,
    until: async (what, check) => {
      try {
        await waitFor(async () => hasEnded() || check(), { what, timeoutMs: 180_000 });
        if (hasEnded()) throw new Error("the agent has ended");
      } catch (error) {
        throw new Error(`${what}: the agent said\n${log.slice(-3000)}`, { cause: error });
      }
    },
    end,
    [Symbol.asyncDispose]: async () => void (await end("SIGKILL")),
  };
}
