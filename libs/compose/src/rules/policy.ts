import { type Json, quote } from "@keelson/model";

import { type Rule, isOneOf, shown } from "../rule.ts";

/** Those by which Compose would ask for a newer image between two commits, or build one. Keelson pulls by commits alone. */
const renewing = /^(?:always|build|refresh|daily|weekly|every_[\w.]{1,32})$/;

export function isRenewing(policy: Json): boolean {
  return typeof policy === "string" && renewing.test(policy);
}

/** K1417: a word that is no pull policy. */
export const policyRules: readonly Rule[] = [
  {
    at: "services.*.pull_policy",
    code: "K1417",
    refuse: ({ value, context }) => {
      if (isOneOf("missing", "if_not_present", "never")(value) || isRenewing(value)) return null;
      // A variable is judged after Compose has filled it in.
      if (context.stage === "file" && typeof value === "string" && value.includes("$")) return null;
      return `pull_policy: ${quote(shown(value))} is no pull policy`;
    },
    hint: "Leave pull_policy out: Keelson pulls an image when a commit names it.",
  },
];
