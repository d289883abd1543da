import {
  type Problem,
  compareText,
  describeValue,
  hintFor,
  keyPath,
  problemAt,
  quote,
  sortProblems,
} from "@keelson/model";

import { type SettingsLayer, originBelow } from "./layer.ts";
import type { LayeredSettings, Provenance } from "./layer-settings.ts";

/**
 * The settings of a local package without a schema: each is a variable of it by its exact name, and has a plain value. A number that
 * another text than its own stands for, such as `1.10`, is that text: it may be a version. A stronger layer replaces it. All problems at once: K1130 for what is no variable, K1131 for what is no plain value.
 */
export function layerVariables({
  reference,
  variables,
  layers,
}: {
  reference: string;
  variables: ReadonlySet<string>;
  layers: readonly SettingsLayer[];
}): LayeredSettings {
  const problems: Problem[] = [];
  const values: [string, string | number | boolean][] = [];
  const provenance: [string, Provenance][] = [];
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer.values)) {
      const { located, path } = originBelow(layer, [name]);
      if (!variables.has(name)) {
        const message = `${reference} has no variable ${quote(name)}`;
        const known = [...variables].sort(compareText);
        const hint =
          hintFor(name, { known, as: "its variables" }) ??
          "Declare it in its .env or under variables in its package.yaml, or mention it in its Compose file.";
        problems.push(problemAt(located, { code: "K1130", path, message, hint }));
      } else if (typeof value === "object") {
        const message = `${quote(name)}: expected text, a number, or true or false; found ${describeValue(value)}`;
        const hint = "A variable of a Compose file has one plain value.";
        problems.push(problemAt(located, { code: "K1131", path, message, hint, part: "value" }));
      } else {
        const { line, column } = located.positionOf(path);
        values.push([name, asWritten(value, located.numberText?.(path) ?? null)]);
        provenance.push([
          keyPath([name]),
          { layer: layer.kind, name: layer.name, file: located.file, line, column },
        ]);
      }
    }
  }
  return {
    values: Object.fromEntries(values),
    defaults: {},
    provenance: Object.fromEntries(provenance),
    problems: sortProblems(problems),
  };
}

function asWritten(value: string | number | boolean, text: string | null): string | number | boolean {
  return typeof value !== "number" || text === null || text === String(value) ? value : text;
}
