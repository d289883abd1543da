import { isOff, type Rule, unless } from "../rule.ts";

/** K1406: what makes Compose run programs, on the host or beside a container's own. */
export const programRules: readonly Rule[] = [
  {
    at: "services.*.provider",
    code: "K1406",
    refuse: unless(isOff, "provider makes Compose run a program on the host"),
    hint: "Leave it out; run it outside of the packages.",
  },
  ...["services.*.pre_start", "services.*.post_start", "services.*.pre_stop"].map((at) => ({
    at,
    code: "K1406",
    refuse: unless(isOff, "{key} runs commands that no plan shows, with rights of their own"),
    hint: "Use a one-shot service with depends_on: {condition: service_completed_successfully}.",
  })),
  ...["models", "services.*.models"].map((at) => ({
    at,
    code: "K1406",
    refuse: unless(isOff, "models makes Compose call a model runner of the host"),
    hint: "Run the model as a service.",
  })),
];
