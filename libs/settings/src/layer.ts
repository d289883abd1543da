import { keyPath, type JsonObject, type Located } from "@keelson/model";

/** From the weakest to the strongest. */
export type LayerKind = "release" | "environment" | "node";

/** Where a value was written. */
export interface Origin {
  kind: LayerKind;
  /** The release's, environment's or node's name. */
  name: string;
  located: Located<unknown>;
  /** As `keyPath` writes it, from the top of the document. */
  path: string;
}

/** The settings that one document has for a release; `path` is where they stand, such as `settings.pryv`. */
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
