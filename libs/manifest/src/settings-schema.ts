import {
  isJsonObject,
  problemAt,
  type Json,
  type JsonObject,
  type Located,
  type Problem,
  describeValue,
} from "@keelson/model";

import { parseDocument } from "./document.ts";
import { fileFinding } from "./named-file.ts";
import type { FolderFiles } from "./tree.ts";

/** The parsed schema that `settings` names; null when there is none or it is no map. Its content is not judged. */
export function readSettingsSchema(
  owner: Located<{ settings?: string | undefined }>,
  files: FolderFiles,
): { schema: Located<JsonObject> | null; problems: Problem[] } {
  const name = owner.value.settings;
  if (name === undefined) return { schema: null, problems: [] };
  const findings = fileFinding({ path: "settings", name, files });
  const file = files.get(name);
  if (file === undefined || findings.length > 0)
    return { schema: null, problems: findings.map((finding) => problemAt(owner, finding)) };
  const { document, problems } = parseDocument(file);
  if (document === null || problems.length > 0) return { schema: null, problems };
  if (holdsObject(document)) return { schema: document, problems: [] };
  const message = `expected a map, found ${describeValue(document.value)}`;
  return { schema: null, problems: [problemAt(document, { code: "K1003", path: "", message })] };
}

function holdsObject(document: Located<Json>): document is Located<JsonObject> {
  return isJsonObject(document.value);
}
