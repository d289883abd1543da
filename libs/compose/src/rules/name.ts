import { isJsonObject, isLeftoverName } from "@keelson/model";

import { entryOf, isOff, type Occurrence, type Rule, shown } from "../rule.ts";

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
    at: "services.*.container_name",
    code: "K1412",
    refuse: containerNameRefusal,
    hint: "Write letters, digits, _, . and -, at least two of them, and begin with something else than 12 hexadecimal digits and _.",
  },
  {
    at: "volumes.*",
    code: "K1412",
    refuse: volumeNameRefusal,
    hint: "Write letters, digits, _, . and -, at least two of them; 64 hexadecimal digits are the name of an anonymous volume.",
  },
  ...["secrets", "configs"].map((kind) => ({
    at: `${kind}.*`,
    code: "K1412",
    refuse: fileNameRefusal,
    hint: "Leave it out: what a secret or config is comes from its file.",
  })),
  ...labelPlaces.map((at) => ({ at, code: "K1412", refuse: labelRefusal, hint: labelHint })),
];

function containerNameRefusal({ value, context }: Occurrence): string | null {
  if (typeof value === "string" && isLeftoverName(value))
    return `the name ${shown(value)} looks like one that Compose gives a container while it replaces another`;
  if (isOff(value) || (context.stage === "file" && shown(value).includes("$"))) return null;
  // The engine also takes one with a slash before it, and leaves the slash out.
  return typeof value === "string" && /^[a-zA-Z0-9][\w.-]+$/.test(value)
    ? null
    : `the container's name ${shown(value)} is not one that a container can have`;
}

function volumeNameRefusal({ value, context }: Occurrence): string | null {
  const name = isJsonObject(value) ? (value["name"] ?? null) : null;
  if (isOff(name) || (context.stage === "file" && shown(name).includes("$"))) return null;
  const isPossible =
    typeof name === "string" && /^[a-zA-Z0-9][\w.-]+$/.test(name) && !/^[0-9a-f]{64}$/.test(name);
  return isPossible ? null : `the volume's name ${shown(name)} is not one that a volume can have`;
}

function fileNameRefusal({ value, key, context }: Occurrence): string | null {
  const name = isJsonObject(value) ? (value["name"] ?? null) : null;
  // Compose itself fills in <project>_<key>.
  if (isOff(name) || (context.stage === "model" && name === `${context.project}_${key}`)) return null;
  return `the name of ${key} says nothing`;
}

function labelRefusal(occurrence: Occurrence): string | null {
  const { name } = entryOf(occurrence);
  // A name with a variable could become any name.
  return /^(io\.keelson\.|com\.docker\.compose\.)|\$/i.test(name) ? `the label ${name} is reserved` : null;
}
