import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";

import { AgentWork, isSystemError } from "@keelson/model";

import { controlPath } from "./node-settings.ts";

const timeoutMs = 2_000;

/** What is known of the agent of a state folder. */
export interface SeenAgent {
  /** Null where it cannot be told: this user may not ask, or no answer came in time. */
  isRunning: boolean | null;
  /** What its round is at; null where no agent tells it. */
  work: AgentWork | null;
}

/**
 * Looks whether an agent of this state folder is running, and what its round is at, with the operations that ended after
 * the number `after`. It only helps a person: whoever needs the agent asks it by `syncAgent`, which says what is wrong.
 */
export async function seeAgent(stateDir: string, after: number): Promise<SeenAgent> {
  try {
    const asked = request({
      socketPath: controlPath({ stateDir }),
      path: `/work?after=${after}`,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answered = once(asked, "response");
    asked.end();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the event has, by Node's documentation
    const [response] = (await answered) as [IncomingMessage];
    // An older agent tells something else, or nothing.
    return { isRunning: true, work: AgentWork.safeParse(await json(response)).data ?? null };
  } catch (error) {
    // The socket goes with its agent; that of a killed one stays, and nobody listens there.
    const isGone = isSystemError(error, "ENOENT", "ECONNREFUSED", "ENOTDIR");
    return { isRunning: isGone ? false : null, work: null };
  }
}
