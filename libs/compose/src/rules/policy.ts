import { type Rule, isOff, isOneOf, unless } from "../rule.ts";

/** K1417: what Keelson decides itself. */
export const policyRules: readonly Rule[] = [
  {
    at: "services.*.profiles",
    code: "K1417",
    refuse: unless(isOff, "profiles leave open which services run"),
    hint: "Make the optional services a package of their own, and an instance where they are wanted.",
  },
  {
    at: "services.*.pull_policy",
    code: "K1417",
    refuse: unless(
      isOneOf("missing", "if_not_present", "never"),
      "pull_policy {value} changes images without a commit",
    ),
    hint: "Leave pull_policy out; a new image is a new release.",
  },
];
