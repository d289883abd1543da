import { entryOf, type Occurrence, type Rule } from "../rule.ts";

/** K1409: a key without a value is filled from the environment of whoever runs Compose, here the agent. */
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
  return value === undefined || value === null || name.includes("$")
    ? `${name} has no value, so Compose would take it from the agent's own environment`
    : null;
}
