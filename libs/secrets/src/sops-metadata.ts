import { sealTo } from "./age-key.ts";
import { sealValue } from "./sops-value.ts";

/** The version of SOPS whose format is written. */
const sopsVersion = "3.11.0";
/** SOPS' own default: what is under such a key stays in clear. */
const clearSuffix = "_unencrypted";

export interface SealInput {
  /** `age1…` of everybody who is to open it. */
  recipients: readonly string[];
  /** Keys whose values are encrypted, and no others; all unless told. */
  only?: readonly string[] | undefined;
  at: Date;
}

export function isToBeSealed(path: readonly string[], { only }: Pick<SealInput, "only">): boolean {
  return only === undefined
    ? !path.some((key) => key.endsWith(clearSuffix))
    : path.some((key) => only.includes(key));
}

/** What SOPS keeps beside the values. */
export interface SopsMetadata {
  age: { recipient: string; enc: string }[];
  lastmodified: string;
  mac: string;
  encrypted_regex?: string;
  unencrypted_suffix?: string;
  version: string;
}

/** Throws when a recipient is none. */
export async function metadataOf(
  { recipients, only, at }: SealInput,
  { dataKey, checksum }: { dataKey: Uint8Array; checksum: string },
): Promise<SopsMetadata> {
  const lastmodified = at.toISOString().replace(/\.\d+Z$/, "Z");
  const keyFor = async (recipient: string) => ({
    recipient,
    enc: `${(await sealTo(recipient, dataKey)).trim()}\n`,
  });
  return {
    age: await Promise.all(recipients.map(keyFor)),
    lastmodified,
    mac: sealValue(checksum, { dataKey, boundTo: lastmodified }),
    ...(only === undefined
      ? { unencrypted_suffix: clearSuffix }
      : { encrypted_regex: `^(${only.map(escapeRegex).join("|")})$` }),
    version: sopsVersion,
  };
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
