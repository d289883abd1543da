import {
  Environment,
  type EnvironmentFolder,
  type SourceFile,
  type SourceFiles,
  decodeText,
  quote,
} from "@keelson/model";

import { readDocument } from "./document-check.ts";
import { replaceScalar } from "./replaced-scalar.ts";
import { layerOf } from "./scene.ts";
import { inline } from "./written-yaml.ts";

/** An environment's document in which the range of a release is another one. */
export interface RaisedRange {
  file: string;
  before: string;
  after: string;
  text: string;
}

/**
 * The document that gives an environment the range of a release, with another one: its own, or that of an environment which it
 * extends. Null where the range is that already. Throws nothing but what cannot be: a document that was read.
 */
export function raiseRange(
  environment: EnvironmentFolder,
  { release, range, files }: { release: string; range: string; files: SourceFiles },
): RaisedRange | null {
  const layer = layerOf({ environment }, { part: "releases", name: release });
  const before = layer.value.releases[release] ?? "";
  const source = files.get(layer.file);
  if (before === range || source === undefined) return null;
  const value = inline(range);
  const text = replaceScalar(decodeText(source.bytes), { path: ["releases", release], value });
  if (text === null || rangeIn({ ...source, text }, release) !== range)
    throw new Error(`the range of ${quote(release)} cannot be found in ${layer.file}`);
  return { file: layer.file, before, after: range, text };
}

function rangeIn({ text, ...file }: SourceFile & { text: string }, release: string): string | undefined {
  const { value } = readDocument({ ...file, bytes: new TextEncoder().encode(text) }, Environment);
  return value?.value.releases[release];
}
