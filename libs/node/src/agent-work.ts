import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";

import { AgentWork } from "@keelson/model";

import { controlPath } from "./node-settings.ts";

const timeoutMs = 2_000;

/**
 * What a round of this state folder's agent is at, with the operations that ended after the number `after`; null where no
 * agent tells it. It only helps a person to wait: whoever needs the agent asks it by `syncAgent`, which says what is wrong.
 */
export async function readAgentWork(stateDir: string, after: number): Promise<AgentWork | null> {
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
    return AgentWork.safeParse(await json(response)).data ?? null;
  } catch {
    return null; // no agent, an older one, or one that is slow
  }
}
