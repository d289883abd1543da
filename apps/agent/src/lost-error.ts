import { KeelsonError } from "@keelson/model";

import type { Loss } from "./round-loss.ts";

const hints: Record<Loss["code"], string> = {
  K9045: "Mend agent.yaml; the agent's log says what is wrong in it.",
  K9046:
    "This is a bug in Keelson. Please report it with the lines of the agent's log. The round is retried.",
  K9047: "Read the agent's log and the kernel's (dmesg). The next round goes on from what it finds.",
};

/** The loss of a round, as an error for the status. */
export function lostError({ code, message }: Loss): KeelsonError {
  return new KeelsonError({ code, message, hint: hints[code] });
}
