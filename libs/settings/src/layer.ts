import { keyPath, type JsonObject, type Located } from "@keelson/model";

/** From the weakest to the strongest. */
export type LayerKind = SettingsOwner["kind"] | "environment" | "instance" | "node";

/** What the settings are of: a release by its name, or a local package by its reference. */
export interface SettingsOwner {
  kind: "release" | "package";
  name: string;
}

/** Where a value was written. */
export interface Origin {
  kind: LayerKind;
  /** The name of the release, environment, instance or node; a local package by its reference. */
  name: string;
  located: Located<unknown>;
  /** As `keyPath` writes it, from the top of the document. */
  path: string;
}

/** The settings that one document has for a release or an instance; `path` is where they stand, such as `settings.pryv`. */
export interface SettingsLayer extends Origin {
  values: JsonObject;
}

export type Segments = readonly (string | number)[];

/** Where something inside a value stands. */
export function originBelow({ kind, name, located, path }: Origin, segments: Segments): Origin {
  const below = keyPath(segments);
  const separator = path === "" || below === "" || below.startsWith("[") ? "" : ".";
  return { kind, name, located, path: `${path}${separator}${below}` };
}
