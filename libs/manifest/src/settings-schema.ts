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
import type { FolderFiles } from "./tree.ts";

/** The parsed settings schema of a release; null when there is none or it is no map. Its content is not judged. */
export function readSettingsSchema(
  name: string | undefined,
  files: FolderFiles,
): { schema: Located<JsonObject> | null; problems: Problem[] } {
  const file = name === undefined ? undefined : files.get(name);
  if (file === undefined) return { schema: null, problems: [] };
  const { document, problems } = parseDocument(file);
  if (document === null || problems.length > 0) return { schema: null, problems };
  if (holdsObject(document)) return { schema: document, problems: [] };
  const message = `expected a map, found ${describeValue(document.value)}`;
  return { schema: null, problems: [problemAt(document, { code: "K1003", path: "", message })] };
}

function holdsObject(document: Located<Json>): document is Located<JsonObject> {
  return isJsonObject(document.value);
}
