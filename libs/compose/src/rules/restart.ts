import { type Json, quote } from "@keelson/model";

import { type Rule, isOff, shown } from "../rule.ts";

/** Compose hands on any word, and the engine refuses one that it does not know only when the container is made. */
const policies = ["no", "always", "unless-stopped", "on-failure"];
const conditions = ["none", "any", ...policies];

/** K3043: a policy that no engine knows. A number of retries may stand behind `on-failure`. */
export const restartRules: readonly Rule[] = [
  {
    at: "services.*.restart",
    code: "K3043",
    refuse: ({ value, context }) =>
      isKnown(value, { policies, stage: context.stage })
        ? null
        : `restart: ${quote(shown(value))} is no restart policy`,
    hint: "Write no, always, unless-stopped, on-failure or on-failure:<retries>.",
  },
  {
    at: "services.*.deploy.restart_policy.condition",
    code: "K3043",
    refuse: ({ value, context }) =>
      isKnown(value, { policies: conditions, stage: context.stage })
        ? null
        : `condition: ${quote(shown(value))} is no condition of a restart policy`,
    hint: "Write none, on-failure or any.",
  },
];

function isKnown(value: Json, asked: { policies: readonly string[]; stage: "file" | "model" }): boolean {
  // Compose itself refuses what is no text.
  if (isOff(value) || typeof value !== "string") return true;
  // A variable is judged after Compose has filled it in.
  if (asked.stage === "file" && value.includes("$")) return true;
  return asked.policies.includes(value) || /^on-failure:\d{1,9}$/.test(value);
}
