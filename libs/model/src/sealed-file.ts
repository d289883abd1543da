import * as z from "zod";

/** A value of a file in SOPS' format. */
export const SealedValue = z.object({
  /** Its keys, outermost first. Positions in lists are left out, as in what SOPS binds a value to. */
  path: z.array(z.string()),
  /** `ENC[…]`, or what stands there in clear. */
  text: z.string(),
  line: z.int(),
});
export type SealedValue = z.infer<typeof SealedValue>;

/** A file of the repository in SOPS' format, as it stands: nothing of it is opened. */
export const SealedFile = z.object({
  /** Path in the repository. */
  path: z.string(),
  /** In the order of the file, in which its checksum counts them; comments are none. */
  values: z.array(SealedValue),
  /** The file's data key, encrypted to each recipient. */
  keys: z.array(z.object({ recipient: z.string(), sealed: z.string() })),
  /** The checksum over all values, encrypted. */
  mac: z.string(),
  /** As SOPS wrote it: the checksum is bound to it. */
  modifiedAt: z.string(),
  /** The checksum counts only what is encrypted. */
  countsSealedOnly: z.boolean(),
});
export type SealedFile = z.infer<typeof SealedFile>;

/** Whether a value is encrypted. */
export function isSealed(text: string): boolean {
  return text.startsWith("ENC[");
}

/** What stands in the environment's folder for all its nodes. */
export const sealedSecretsFile = "secrets.sops.yaml";
