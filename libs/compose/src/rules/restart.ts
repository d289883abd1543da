import { type Json, quote } from "@keelson/model";

import { type Rule, isOff, shown } from "../rule.ts";

/** Compose hands on any word, and the engine refuses one that it does not know only when the container is made. */
const policy = /^(?:no|always|unless-stopped|on-failure(?::\d{1,9})?)$/;
/** Compose knows the first two, and hands the others on as they are. */
const condition = /^(?:none|any|no|always|unless-stopped|on-failure)$/;

/** K3043: a policy that no engine knows. */
export const restartRules: readonly Rule[] = [
  {
    at: "services.*.restart",
    code: "K3043",
    refuse: ({ value, context }) =>
      isKnown(value, { words: policy, stage: context.stage })
        ? null
        : `restart: ${quote(shown(value))} is no restart policy`,
    hint: "Write no, always, unless-stopped, on-failure or on-failure:<retries>.",
  },
  {
    at: "services.*.deploy.restart_policy.condition",
    code: "K3043",
    refuse: ({ value, context }) =>
      isKnown(value, { words: condition, stage: context.stage })
        ? null
        : `condition: ${quote(shown(value))} is no condition of a restart policy`,
    hint: "Write none, on-failure or any; a number of retries is max_attempts beside it.",
  },
];

function isKnown(value: Json, asked: { words: RegExp; stage: "file" | "model" }): boolean {
  // Compose itself refuses what is no text.
  if (isOff(value) || typeof value !== "string") return true;
  // A variable is judged after Compose has filled it in.
  if (asked.stage === "file" && value.includes("$")) return true;
  return asked.words.test(value);
}
