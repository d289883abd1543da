import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";

import { KeelsonError } from "@keelson/model";
import { requireTrusted } from "@keelson/store";

import { controlPath } from "./node-settings.ts";

/**
 * Asks the agent of this state folder to look now, and waits until a round that began after that has ended. Returns
 * whether it left the node as desired, and what it says of it. Throws K9040 without an agent, K9041, K9042 when that takes longer, K9043.
 */
export async function syncAgent(
  stateDir: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<{ isReady: boolean; message: string }> {
  requireTrusted(stateDir, "the state folder");
  const socketPath = controlPath({ stateDir });
  const tooLong = AbortSignal.timeout(timeoutMs);
  try {
    const asked = request({
      socketPath,
      method: "POST",
      path: "/sync",
      signal: AbortSignal.any([signal, tooLong]),
    });
    const answered = once(asked, "response");
    asked.end();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event has, by Node's documentation
    const [response] = (await answered) as [IncomingMessage];
    const answer: unknown = await json(response);
    if (response.statusCode === 200) {
      const { isReady, message } = isObject(answer) ? answer : {};
      return { isReady: isReady === true, message: typeof message === "string" ? message : "" };
    }
    throw unfinished(`the agent answered ${response.statusCode}`);
  } catch (error) {
    signal.throwIfAborted();
    if (tooLong.aborted) {
      throw new KeelsonError({
        code: "K9042",
        message: `the round did not end within ${timeoutMs / 1000} s`,
        hint: "The round goes on. keelson status --local shows its result later; --timeout waits longer.",
        cause: error,
      });
    }
    throw translate(error, socketPath);
  }
}

function translate(error: unknown, socketPath: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ECONNREFUSED":
      return new KeelsonError({
        code: "K9040",
        message: `no agent answers at ${socketPath}`,
        hint: "Start one with systemctl start keelson-agent, or with keelson-agent run. For another agent.yaml, use --config.",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new KeelsonError({
        code: "K9041",
        message: `this user may not ask the agent at ${socketPath}`,
        hint: "Ask as the agent's user: sudo keelson sync.",
        cause: error,
      });
    default:
      return error instanceof KeelsonError ? error : unfinished("the agent ended before it answered", error);
  }
}

function unfinished(message: string, cause?: unknown): KeelsonError {
  const hint = "The agent's log says why; the agent tries again by itself.";
  return new KeelsonError({ code: "K9043", message, hint, cause });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
