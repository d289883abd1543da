import { randomBytes } from "node:crypto";

import { checksumOf } from "./sops-file.ts";
import { type SealInput, isToBeSealed, metadataOf } from "./sops-metadata.ts";
import { boundPath, sealValue } from "./sops-value.ts";

/**
 * A dotenv file with its values encrypted, as SOPS writes it (stores/dotenv): a value is what stands behind the `=`, quotes included.
 * Comments are left out: they could hold a secret. Null for a line that is none of both.
 */
export async function sealDotenv(text: string, input: SealInput): Promise<string | null> {
  const dataKey = randomBytes(32);
  const values = [];
  const lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const at = line.indexOf("=");
    if (at < 1) return null;
    const key = line
      .slice(0, at)
      .trim()
      .replace(/^export\s+/, "");
    const clear = line.slice(at + 1);
    const wasSealed = isToBeSealed([key], input);
    values.push({ text: clear, wasSealed });
    lines.push(`${key}=${wasSealed ? sealValue(clear, { dataKey, boundTo: boundPath([key]) }) : clear}`);
  }
  const checksum = checksumOf(values, { countsSealedOnly: false });
  const { age, ...metadata } = await metadataOf(input, { dataKey, checksum });
  const flat = [
    ...age.flatMap(({ recipient, enc }, index) => [
      [`age__list_${index}__map_enc`, enc.replaceAll("\n", "\\n")],
      [`age__list_${index}__map_recipient`, recipient],
    ]),
    ...Object.entries(metadata),
  ];
  return [...lines, ...flat.map(([key, value]) => `sops_${key}=${value}`), ""].join("\n");
}
