import { isJsonObject } from "@keelson/model";

import { entryOf, isOff, type Occurrence, type Rule } from "../rule.ts";

const nameHint =
  "Leave it out; Keelson names what it makes, so that instances never meet and can be replaced.";
const labelHint = "Use another prefix; these labels say what belongs to whom.";
const labelPlaces = [
  "services.*.labels.*",
  "services.*.deploy.labels.*",
  "services.*.volumes.*.volume.labels.*",
  "networks.*.labels.*",
  "volumes.*.labels.*",
  "secrets.*.labels.*",
  "configs.*.labels.*",
];

/** K1412: names and labels by which Keelson and Compose know what is theirs. */
export const nameRules: readonly Rule[] = [
  {
    at: "name",
    code: "K1412",
    refuse: ({ value, context }) => {
      if (isOff(value) || (context.stage === "model" && value === context.project)) return null;
      return "the project's name is <environment>-<instance>";
    },
    hint: nameHint,
  },
  {
    at: "services.*.container_name",
    code: "K1412",
    refuse: ({ value }) => (isOff(value) ? null : "container_name is given by Keelson"),
    hint: nameHint,
  },
  ...["networks", "volumes", "secrets", "configs"].map((kind) => ({
    at: `${kind}.*`,
    code: "K1412",
    refuse: resourceNameRefusal,
    hint: nameHint,
  })),
  ...labelPlaces.map((at) => ({ at, code: "K1412", refuse: labelRefusal, hint: labelHint })),
];

function resourceNameRefusal({ value, key, context }: Occurrence): string | null {
  const name = isJsonObject(value) ? (value["name"] ?? null) : null;
  if (isOff(name) || !isJsonObject(value) || !isOff(value["external"] ?? null)) return null;
  // Compose itself fills in <project>_<key>.
  if (context.stage === "model" && name === `${context.project}_${key}`) return null;
  return `the name of ${key} is given by Keelson`;
}

function labelRefusal(occurrence: Occurrence): string | null {
  const { name } = entryOf(occurrence);
  // A name with a variable could become any name.
  return /^(io\.keelson\.|com\.docker\.compose\.)|\$/i.test(name) ? `the label ${name} is reserved` : null;
}
