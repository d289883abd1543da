import type { JsonObject } from "./repository.ts";

/** The settings of an instance of a local package: each is a variable of its Compose file. What is no text has a problem of its own. */
export function settingsAsVariables(settings: JsonObject): Record<string, string> {
  const plain = Object.entries(settings).flatMap(([name, value]) =>
    typeof value === "object" ? [] : [[name, String(value)] as const],
  );
  return Object.fromEntries(plain);
}
