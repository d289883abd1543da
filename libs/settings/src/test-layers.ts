import { isJsonObject, keyPath, type Json, type JsonObject, type Located } from "@keelson/model";

import { parseDocument } from "../../manifest/src/document.ts";
import { formatProblems } from "../../report/src/problem.ts";
import { lookUp } from "./json-pointer.ts";
import type { LayerKind, SettingsLayer } from "./layer.ts";
import { layerSettings, type LayeredSettings } from "./layer-settings.ts";

/** A settings schema as a document, two spaces deep. */
export function schemaOf(schema: Json): Located<JsonObject> {
  return objectOf("settings.schema.json", JSON.stringify(schema, null, 2));
}

/** A layer whose settings of the release `pryv` are this YAML. */
export function layerOf(kind: LayerKind, settings: string): SettingsLayer {
  const indented = settings.trimEnd().replace(/^/gm, "    ");
  const located = objectOf(`${kind}.yaml`, `name: x\nsettings:\n  pryv:\n${indented}\n`);
  const values = lookUp(located.value, ["settings", "pryv"]);
  return {
    kind,
    name: kind,
    located,
    path: keyPath(["settings", "pryv"]),
    values: isJsonObject(values) ? values : {},
  };
}

export function layer(schema: Json, ...layers: SettingsLayer[]): LayeredSettings {
  return layerSettings({ owner: { kind: "release", name: "pryv" }, schema: schemaOf(schema), layers });
}

/** The problems as a person sees them. */
export function problemsOf(schema: Json, ...layers: SettingsLayer[]): string {
  return formatProblems(layer(schema, ...layers).problems);
}

/** One line per problem. */
export function lines(schema: Json, ...layers: SettingsLayer[]): string[] {
  return layer(schema, ...layers).problems.map(
    ({ code, file, line, column, message }) => `${code} ${file}:${line}:${column} ${message}`,
  );
}

function objectOf(path: string, text: string): Located<JsonObject> {
  const { document, problems } = parseDocument({
    path,
    mode: "100644",
    bytes: new TextEncoder().encode(text),
  });
  if (document === null || problems.length > 0 || !isJsonObject(document.value)) {
    throw new Error(`the test's own document is wrong: ${formatProblems(problems)}`);
  }
  return { ...document, value: document.value };
}
