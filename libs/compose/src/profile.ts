import { type Json, isJsonObject, ownOf } from "@keelson/model";

/**
 * Whether a path of a Compose file leads into a service that no active profile has. Compose leaves such a service out, and a
 * service that is there after all is judged in the model.
 */
export function isInactive(
  root: Json,
  { path: [section, name], profiles }: { path: readonly string[]; profiles: readonly string[] },
): boolean {
  if (section !== "services" || name === undefined || !isJsonObject(root)) return false;
  const services = root["services"] ?? null;
  const service = isJsonObject(services) ? (ownOf(services, name) ?? null) : null;
  const own = isJsonObject(service) ? (service["profiles"] ?? null) : null;
  if (!Array.isArray(own) || own.length === 0) return false;
  return own.every(
    (profile) => typeof profile === "string" && !profile.includes("$") && !isActive(profile, profiles),
  );
}

function isActive(profile: string, profiles: readonly string[]): boolean {
  return profiles.includes(profile) || profiles.includes("*");
}
