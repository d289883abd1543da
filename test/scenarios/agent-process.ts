import { spawn } from "node:child_process";
import type { Status } from "../../libs/model/src/index.ts";
import { agentCommand, endProcess, plainEnvironment } from "../support/index.ts";
import type { KeelsonOptions } from "../support/index.ts";

export interface ReconcileOptions {
  /** Over the plain environment; undefined takes a variable away. */
  readonly env?: KeelsonOptions["env"];
  /** Three minutes unless told. */
  readonly timeoutMs?: number;
}

export interface Round {
  /** null when a signal ended it. */
  readonly exitCode: number | null;
  /** What it printed as JSON; throws when it printed none. */
  readonly status: Status;
  /** Whether it tried any operation: the status goes on telling of the last round that did. */
  readonly worked: boolean;
  /** Its log: the plan, and a line for each operation. */
  readonly output: string;
}

/** A round that runs by itself, to be watched and killed. */
export interface RunningAgent {
  readonly pid: number;
  /** Its log so far. */
  output(): string;
  /** Comes when the log has the text, or when the round has ended without it. */
  said(text: string): Promise<void>;
  /** SIGKILL: it cannot do anything about it. Its children live on. */
  kill(): Promise<void>;
  readonly ended: Promise<Round>;
}

/** Starts a round of the real agent; its log is added to `log` once it has ended. */
export function startAgent(
  config: string,
  { env, timeoutMs = 180_000, log }: ReconcileOptions & { log: string[] },
): RunningAgent {
  const [file, ...args] = agentCommand(["reconcile", "--config", config, "--json", "--log", "human"]);
  // A process group of its own, so that a timeout reaches its children too.
  const child = spawn(file, args, {
    env: plainEnvironment(env),
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const number = log.push("") - 1;
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  const ended = new Promise<Round>((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      reject(new Error(`the round took more than ${timeoutMs} ms\n${stderr}`));
    }, timeoutMs);
    const end = () => {
      clearTimeout(timer);
      const { exitCode, signalCode } = child;
      log[number] = `exit ${exitCode ?? signalCode}\n${stderr}\n${stdout}`;
      resolve(describeRound({ exitCode, stdout, stderr }));
    };
    child.once("error", reject);
    child.once("close", end);
    // A child that outlives a killed agent could keep its pipes open.
    child.once("exit", (_exitCode, signal) => {
      if (signal !== null) setImmediate(end);
    });
  });
  // A test that kills the agent may not look at its end.
  ended.catch(() => {});
  return {
    pid: child.pid ?? 0,
    output: () => stderr,
    said: async (text) => {
      const heard = new Promise<void>((resolve) => {
        const listen = () => {
          if (stderr.includes(text)) resolve();
        };
        child.stderr.on("data", listen);
        listen();
      });
      await Promise.race([heard, ended]);
    },
    kill: async () => endProcess(child.pid ?? 0),
    ended,
  };
}

function describeRound(end: { exitCode: number | null; stdout: string; stderr: string }): Round {
  return {
    exitCode: end.exitCode,
    output: end.stderr,
    get worked() {
      return this.status.operation?.finishedAt === this.status.observedAt;
    },
    get status(): Status {
      try {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is in it is what scenarios check
        return JSON.parse(end.stdout) as Status;
      } catch (cause) {
        throw new Error(`the round printed no status\n${end.stdout}${end.stderr}`, { cause });
      }
    },
  };
}
