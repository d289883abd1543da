import type { JsonObject } from "@keelson/model";

/** The name in the engine of a network that is not the instance's own: its key, when it says no other. */
export function networkName(key: string, definition: JsonObject | null): string {
  const name = definition?.["name"];
  return typeof name === "string" ? name : key;
}
