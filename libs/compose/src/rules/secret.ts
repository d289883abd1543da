import { isJsonObject, isReservedVariable } from "@keelson/model";

import { fileRefusal } from "../bound-path.ts";
import { isOff, matches, type Occurrence, type Rule, unless } from "../rule.ts";

/** K1413: secrets and configs come from rendered files, or from text and variables of the commit. */
export const secretRules: readonly Rule[] = [
  ...["secrets.*", "configs.*"].map((at) => ({
    at,
    code: "K1413",
    refuse: sourceRefusal,
    hint: "Render it: list the file under files in package.yaml and name its to under file.",
  })),
  ...["secrets", "configs"].flatMap((kind) =>
    ["uid", "gid"].map((id) => ({
      at: `services.*.${kind}.*.${id}`,
      code: "K1413",
      refuse: unless(matches(/^\d{1,10}$/), "{key} {value} is not a number"),
      hint: "Write the number: the node does not know the users of an image.",
    })),
  ),
];

const otherSources = ["external", "driver", "driver_opts", "template_driver"];

function sourceRefusal({ value, key, context }: Occurrence): string | null {
  if (!isJsonObject(value)) return `${key} has no file`;
  const other = otherSources.find((source) => !isOff(value[source] ?? null));
  if (other !== undefined) return `${key} comes from ${other}, which is not rendered by Keelson`;
  if (typeof value["content"] === "string") return null;
  const { environment } = value;
  if (typeof environment === "string")
    return Object.hasOwn(context.variables, environment) && !isReservedVariable(environment)
      ? null
      : `${key} comes from the variable ${environment}, which is not declared`;
  return fileRefusal(value["file"] ?? null, context);
}
