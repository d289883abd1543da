import type { JsonObject } from "@keelson/model";

/** The name in the engine that a network or volume of a Compose model has; null when it says none. */
export function givenName(definition: JsonObject | null): string | null {
  const name = definition?.["name"];
  return typeof name === "string" ? name : null;
}
