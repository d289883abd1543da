import { KeelsonError, stalled } from "@keelson/model";
import { requireTrusted } from "@keelson/store";

import { seeAgent } from "./agent-work.ts";
import { controlPath } from "./node-settings.ts";
import { requireUnsuspended } from "./suspension.ts";

/**
 * Throws K4016, K9080 while a person withholds action on this node, and K9079 while an agent keeps it: the agent's next round would
 * undo what differs from its branch.
 */
export async function requireFreeHands(stateDir: string): Promise<void> {
  requireTrusted(stateDir, "the state folder");
  await requireUnsuspended(stateDir, "apply all the same with --force");
  // Whoever may not ask, or gets no answer, cannot say that there is none.
  const { isRunning } = await seeAgent(stateDir, Number.MAX_SAFE_INTEGER);
  if (isRunning === false) return;
  const socket = controlPath({ stateDir });
  throw new KeelsonError({
    code: "K9079",
    message:
      isRunning === true
        ? `an agent keeps this node, and answers at ${socket}`
        : `an agent may keep this node: it could not be asked at ${socket}`,
    hint: "Ask it for a round with keelson sync. What is applied beside it with --force stays only until its next round.",
    outcome: stalled,
  });
}
