import { type Occurrence, type Rule, entryOf } from "../rule.ts";
import { withoutValue } from "../variables.ts";

/** K1409: Compose fills a key without a value from the environment of the process that runs it, here the agent. */
export const environmentRules: readonly Rule[] = [
  {
    at: "services.*.environment.*",
    code: "K1409",
    refuse: valuelessRefusal,
    hint: 'Give it a value, such as "KEY=${VARIABLE}" with the variable in package.yaml, or "KEY=" for an empty one.',
  },
];

function valuelessRefusal(occurrence: Occurrence): string | null {
  const { name, value } = entryOf(occurrence);
  // A variable in the name could become a name without a value.
  return value === undefined || value === null || name.includes("$") ? withoutValue(name) : null;
}
