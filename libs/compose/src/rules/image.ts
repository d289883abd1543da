import { findReferenceFault } from "@keelson/model";

import { type Occurrence, type Rule, isOff, shown } from "../rule.ts";

/** K1427: an image is named by a reference, which becomes part of a request to the engine and of one to a registry. */
export const imageRules: readonly Rule[] = [
  {
    at: "services.*.image",
    code: "K1427",
    refuse: imageRefusal,
    hint: "Write [registry[:port]/]repository[:tag][@sha256:…], the repository in lower case.",
  },
];

function imageRefusal({ value, context }: Occurrence): string | null {
  if (isOff(value)) return null;
  if (typeof value !== "string") return `${shown(value)} is not the name of an image`;
  // A variable is judged after Compose has filled it in; two dollar signs are one and no variable.
  if (context.stage === "file" && value.replaceAll("$$", "").includes("$")) return null;
  const fault = findReferenceFault(value);
  return fault === null ? null : `${shown(value)} ${fault}`;
}
