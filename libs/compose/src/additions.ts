import { type ComposeInput, type Json, type JsonObject, isJsonObject } from "@keelson/model";

import { mapEntries } from "./model-paths.ts";
import type { Participants } from "./participant.ts";

/** Where Compose is asked to write variables into the model: it prints what a secret's `environment` names, and not its value. */
const askedKey = "x-keelson-variables";
const sections = ["secrets", "configs"] as const;

/**
 * A last Compose file: the published images that stand for builds, and the variables that secrets and configs have as their content.
 * Null when there is nothing to add.
 */
export function additionsTo(
  { composeFiles }: Participants,
  { images }: Pick<ComposeInput, "images">,
): JsonObject | null {
  const names = new Set(composeFiles.flatMap(({ document }) => namedVariables(document.root.value)));
  if (names.size === 0 && images.length === 0) return null;
  return {
    services: Object.fromEntries(images.map(({ service, image }) => [service, { image }])),
    [askedKey]: Object.fromEntries([...names].map((name) => [name, `\${${name}}`])),
  };
}

function namedVariables(root: Json): string[] {
  if (!isJsonObject(root)) return [];
  return sections.flatMap((section) => {
    const entries = root[section];
    return Object.values(isJsonObject(entries) ? entries : {}).flatMap((entry) =>
      isJsonObject(entry) && typeof entry["environment"] === "string" ? entry["environment"] : [],
    );
  });
}

/** The model with the content of each secret and config that comes from a variable. */
export function withVariableContent(model: JsonObject): JsonObject {
  const { [askedKey]: asked, ...rest } = model;
  return mapEntries(rest, (entries, section) =>
    section === "secrets" || section === "configs"
      ? mapEntries(entries, (entry) => contentOf(entry, isJsonObject(asked) ? asked : {}))
      : entries,
  );
}

function contentOf(entry: Json, asked: JsonObject): Json {
  if (!isJsonObject(entry) || typeof entry["environment"] !== "string") return entry;
  const { environment, ...rest } = entry;
  return Object.hasOwn(asked, environment) ? { ...rest, content: asked[environment] ?? null } : entry;
}
