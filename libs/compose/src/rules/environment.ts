import { isReservedVariable } from "@keelson/model";

import { type Occurrence, type Rule, entryOf } from "../rule.ts";
import { withoutValue } from "../variables.ts";

/**
 * K1409: Compose fills a key without a value from the variables, and where none has its name, when it makes the container, from the
 * environment of the process that runs it, here the agent.
 */
export const environmentRules: readonly Rule[] = [
  {
    at: "services.*.environment.*",
    code: "K1409",
    refuse: valuelessRefusal,
    hint: 'Declare a variable of this name, or give the key a value, or "KEY=" for an empty one.',
  },
];

function valuelessRefusal(occurrence: Occurrence): string | null {
  const { name, value } = entryOf(occurrence);
  if (value !== undefined && value !== null && !isFilledName(name)) return null;
  if (Object.hasOwn(occurrence.context.variables, name) && !isReservedVariable(name)) return null;
  return withoutValue(name);
}

/** Whether the sign for a value stands in a variable, so that it may be gone when that is filled in. */
function isFilledName(name: string): boolean {
  return /\$\{[^}]*$/.test(name);
}
