import {
  type DesiredFile,
  type DesiredService,
  type ObservedInstanceFiles,
  digestValue,
  ownOf,
} from "@keelson/model";

/** What is noted once a service has loaded a file. What a seed is to be is no concern of anybody once it is there. */
export function loadedDigest({ onChange, digest }: DesiredFile): string {
  return onChange === "seed" ? digestValue("seed") : digest;
}

/** By `to`, the digests of what a service has loaded, as far as that is noted. */
export function loadedFiles(
  service: DesiredService,
  stored: ObservedInstanceFiles | undefined,
): Readonly<Record<string, string>> {
  return ownOf(stored?.applied ?? undefined, service.name) ?? {};
}
