import { registryOf } from "@keelson/model";

/** A registry, as Docker's config.json and the programs that keep logins know it. */
export interface RegistryKey {
  /** What a program that keeps logins is asked for. */
  key: string;
  /** As people write it: `registry.example:5000`, `docker.io`. */
  host: string;
  /** Keys that mean the same registry; `key` first. */
  names: readonly string[];
}

/** The one that Docker Hub has had since its first version (docker/cli, `registry.IndexServer`). */
const hubKey = "https://index.docker.io/v1/";
const hubHosts = ["docker.io", "index.docker.io"];

/** The registry that an engine asks for an image. */
export function registryKeyOf(reference: string): RegistryKey {
  const host = registryOf(reference) ?? "docker.io";
  return hubHosts.includes(host)
    ? { key: hubKey, host: "docker.io", names: [hubKey, ...hubHosts] }
    : { key: host, host, names: [host] };
}

/** The host of a key that is a URL, or has a path, as earlier versions of Docker wrote it. */
export function hostOfKey(key: string): string {
  return key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
}
