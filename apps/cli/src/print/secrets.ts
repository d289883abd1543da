import type { ListedFile, ListedSecret } from "@keelson/node";

import type { Output } from "../output.ts";

/** Names and files, and never a value. */
export function printSecrets(
  output: Output,
  { secrets, files }: { secrets: readonly ListedSecret[]; files: readonly ListedFile[] },
): void {
  for (const { name, file, over, isUsed } of secrets) {
    const place = file === null ? "not in Git" : `in ${file}`;
    const others = over.length === 0 ? "" : `, over ${over.toReversed().join(" and ")}`;
    output.print(`${name}  ${place}${others}${isUsed ? "" : ", and nothing names it"}`);
  }
  for (const { file, nodes, others } of files) {
    output.print(file);
    for (const { node, key, canOpen } of nodes)
      output.print(
        `  node ${node}  ${canOpen ? "opens it" : key === null ? "has no key in its file" : "cannot open it"}`,
      );
    for (const recipient of others) output.print(`  ${recipient}  opens it, and is no node`);
  }
}
