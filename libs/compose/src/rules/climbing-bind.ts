import { isJsonObject } from "@keelson/model";

import { resolvePath } from "../local-path.ts";
import { type Occurrence, type Rule, shown } from "../rule.ts";
import { fillAll } from "../variables.ts";

/**
 * K1404: a source that leaves the repository once its variables are filled in. Compose would make an absolute path of it, by the
 * folder that it is given, which says nothing of the node.
 */
export const climbingBindRules: readonly Rule[] = [
  {
    at: "services.*.volumes.*?",
    code: "K1404",
    refuse: climbRefusal,
    hint: "Write an absolute path of the host, which a grant can permit.",
  },
];

function climbRefusal({ value, context }: Occurrence): string | null {
  const source = isJsonObject(value) ? value["source"] : value;
  if (typeof source !== "string" || !source.includes("$")) return null;
  const filled = fillAll(source, context.variables);
  const path = isJsonObject(value) ? filled : (filled.split(":")[0] ?? "");
  if (path.startsWith("/") || path.startsWith("~")) return null;
  const climbs =
    context.reach === "package" ? path.split("/").includes("..") : resolvePath(path, context.folder) === null;
  return climbs ? `${shown(source)} climbs out of the ${context.reach}` : null;
}
