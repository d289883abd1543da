import type { ComposeInput } from "@keelson/model";

/** `<release>/<package>`, or `./path` of a local package. */
export function referenceOf({ folder, reach }: Pick<ComposeInput, "folder" | "reach">): string {
  const [, release, name] = /^releases\/([^/]+)\/[^/]+\/packages\/([^/]+)$/.exec(folder) ?? [];
  return reach === "repository" || release === undefined ? `./${folder}` : `${release}/${name}`;
}
