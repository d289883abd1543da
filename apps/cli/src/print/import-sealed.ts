import type { StateImport } from "@keelson/node";

import type { Output } from "../output.ts";

/** Which secrets an import encrypts, and which it leaves. */
export function printSealed(
  output: Output,
  { sealed, made }: Pick<StateImport, "sealed"> & { made: object | null },
): void {
  const done = sealed.filter(({ text }) => text !== null);
  const left = sealed.filter(({ text }) => text === null);
  if (done.length > 0) {
    output.print(made === null ? "\nTo be encrypted where they stand:" : "\nEncrypted where they stand:");
    for (const { file, names } of done) output.print(`  ${file}  ${names.join(", ")}`);
    output.print(
      "  The values in plain text stay in Git's history: give each program another one, and set that",
    );
    output.print("  with sops edit FILE where a key is that opens it.");
  }
  if (left.length === 0) return;
  output.print("\nLeft in plain text:");
  for (const { file, names, because } of left) output.print(`  ${file}  ${names.join(", ")}: ${because}`);
}
