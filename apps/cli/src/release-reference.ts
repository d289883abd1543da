import { KeelsonError, quote, stalled } from "@keelson/model";
import type { ReleaseName } from "@keelson/node";

/**
 * The release that a person names: `shop@1.2.0`, `releases/shop/1.2.0`, or the version alone of the release that was named before.
 * Throws K9010 for anything else.
 */
export function readReleaseReference(text: string, before: ReleaseName | null): ReleaseName {
  const [, name, version] =
    /^(?:(?:.*\/)?releases\/)?([^/@]+)[@/]([^/@]+)\/?$/.exec(text) ?? /^()([^/@]+)$/.exec(text) ?? [];
  const known = name === "" ? before?.name : name;
  if (known !== undefined && version !== undefined) return { name: known, version };
  throw new KeelsonError({
    code: "K9010",
    message: `${quote(text)} names no version of a release`,
    hint: "Write NAME@VERSION, such as shop@1.2.0.",
    outcome: stalled,
  });
}
