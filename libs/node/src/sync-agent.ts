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
        message: `no round that began now has ended within ${timeoutMs / 1000} s`,
        hint: "It goes on; keelson status --local shows what came of it, --timeout waits longer.",
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
        hint: "Start one: systemctl start keelson-agent, or keelson-agent run; --config names another agent.yaml.",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
      return new KeelsonError({
        code: "K9041",
        message: `the agent at ${socketPath} may not be asked by this user`,
        hint: "Ask as the user it runs as: sudo keelson sync.",
        cause: error,
      });
    default:
      return error instanceof KeelsonError ? error : unfinished("the agent ended while it was asked", error);
  }
}

function unfinished(message: string, cause?: unknown): KeelsonError {
  const hint = "Its log says why; the agent tries again by itself.";
  return new KeelsonError({ code: "K9043", message, hint, cause });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
