import { randomBytes } from "node:crypto";

import type { SealedFile } from "@keelson/model";

import { type OpenedFile, type OpenedValue, checksumOf } from "./sops-file.ts";
import { type SealInput, type SopsMetadata, isToBeSealed, metadataOf } from "./sops-metadata.ts";
import { boundPath, sealValue } from "./sops-value.ts";

/** A dotenv file as it was encrypted. */
export interface SealedDotenv {
  text: string;
  values: OpenedValue[];
}

/**
 * A dotenv file with its values encrypted, as SOPS writes it (stores/dotenv): a value is what stands behind the `=`, quotes included.
 * Comments are left out unless they are kept: they could hold a secret. Null for a line that is none of both.
 */
export async function sealDotenv(
  text: string,
  { keepsComment = () => false, ...input }: SealInput & { keepsComment?: (line: string) => boolean },
): Promise<SealedDotenv | null> {
  const dataKey = randomBytes(32);
  const values: OpenedValue[] = [];
  const lines: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) {
      if (keepsComment(line)) lines.push(line.trimStart());
      continue;
    }
    const at = line.indexOf("=");
    if (at < 1) return null;
    const key = line
      .slice(0, at)
      .trim()
      .replace(/^export\s+/, "");
    const written = line.slice(at + 1);
    const clear = written.replaceAll(String.raw`\n`, "\n");
    const wasSealed = isToBeSealed([key], input);
    lines.push(`${key}=${wasSealed ? sealValue(clear, { dataKey, boundTo: boundPath([key]) }) : written}`);
    values.push({ path: [key], line: lines.length, text: clear, wasSealed });
  }
  const checksum = checksumOf(values, { countsSealedOnly: false });
  return { text: textOf(lines, await metadataOf(input, { dataKey, checksum })), values };
}

/**
 * An encrypted dotenv file with a new data key, for these recipients alone. Which keys are encrypted stays as it is, and so do comments, in
 * clear; requires that none is encrypted.
 */
export async function resealDotenv(
  { text, sealed }: { text: string; sealed: Pick<SealedFile, "countsSealedOnly"> },
  { opened, ...input }: SealInput & { opened: OpenedFile },
): Promise<string> {
  const dataKey = randomBytes(32);
  const byLine = new Map(opened.values.map((value) => [value.line, value]));
  const written = text.split("\n");
  const lines = written.flatMap((line, index) => {
    if (line === "" || line.startsWith("sops_")) return [];
    const value = byLine.get(index + 1);
    if (value?.wasSealed !== true) return [line];
    const { path } = value;
    return [`${path.join(".")}=${sealValue(value.text, { dataKey, boundTo: boundPath(path) })}`];
  });
  const kept = written.filter((line) => line.startsWith("sops_") && !ownMetadata.test(line));
  const { age, lastmodified, mac, version } = await metadataOf(input, {
    dataKey,
    checksum: checksumOf(opened.values, sealed),
  });
  const [end, ...metadata] = textOf([], { age, lastmodified, mac, version }).split("\n").toReversed();
  return [...lines, ...[...metadata, ...kept].toSorted(), end].join("\n");
}

/** What is written anew with each encryption; the rest says which keys are encrypted. */
const ownMetadata = /^sops_(?:age__|lastmodified=|mac=|version=)/;

function textOf(lines: readonly string[], { age, ...metadata }: SopsMetadata): string {
  const flat = [
    ...age.flatMap(({ recipient, enc }, index) => [
      [`age__list_${index}__map_enc`, enc.replaceAll("\n", "\\n")],
      [`age__list_${index}__map_recipient`, recipient],
    ]),
    ...Object.entries(metadata),
  ];
  return [...lines, ...flat.map(([key, value]) => `sops_${key}=${value}`), ""].join("\n");
}
