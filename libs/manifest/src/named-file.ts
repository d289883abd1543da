import { type Finding, hintFor, quote } from "@keelson/model";

import { pathFault } from "./path-rule.ts";
import type { FolderFiles } from "./tree.ts";

/** What is wrong with a file that a document names, if anything. */
export function fileFinding({
  path,
  name,
  files,
}: {
  path: string;
  name: string;
  files: FolderFiles;
}): Finding[] {
  const fault = pathFault(name);
  if (fault !== null) return [{ code: "K1011", path, message: `${quote(name)} ${fault}`, part: "value" }];
  if (files.has(name)) return [];
  const hint = hintFor(name, { known: [...files.keys()], as: "files here" });
  return [
    { code: "K1004", path, message: `there is no file ${quote(name)} in this folder`, hint, part: "value" },
  ];
}
