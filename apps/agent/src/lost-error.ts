import { KeelsonError } from "@keelson/model";

import type { Loss } from "./round-loss.ts";

const hints: Record<Loss["code"], string> = {
  K9045: "Mend agent.yaml as the agent's log says.",
  K9046:
    "This is a bug in Keelson. Please report it with the lines of the agent's log; the round is tried again.",
  K9047: "Look at the agent's log and the kernel's (dmesg); the next round goes on from what it finds.",
};

/** The loss of a round as the error that its status tells. */
export function lostError({ code, message }: Loss): KeelsonError {
  return new KeelsonError({ code, message, hint: hints[code] });
}
