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
  /** A file of variables, or one of secrets by name. */
  format: z.enum(["yaml", "dotenv"]).default("yaml"),
  /** The instances that it is for; null for the file of an environment, whose values say it themselves. */
  instances: z.array(z.string()).nullable().default(null),
});
export type SealedFile = z.infer<typeof SealedFile>;

/** Whether a value is encrypted. */
export function isSealed(text: string): boolean {
  return text.startsWith("ENC[");
}

/**
 * What stands in the environment's folder for all its nodes, and in the folder of a local package for its instances; that of one
 * instance is `secrets/<instance>.sops.yaml` in the environment's folder.
 */
export const sealedSecretsFile = "secrets.sops.yaml";

/** The names by which the rest of Keelson knows a value of the file: several where several instances have it. */
export function secretNamesOf(
  { path: file, format, instances }: Pick<SealedFile, "path" | "format" | "instances">,
  path: readonly string[],
): string[] {
  const key = path.join(".");
  if (format === "dotenv") return [variableSecret(file, key)];
  return instances === null ? [key] : instances.map((instance) => `${instance}.${key}`);
}

/** The secret that is the value of a key in a file of variables. */
export function variableSecret(file: string, key: string): string {
  return `${file}:${key}`;
}

/** What to do about a secret without a value, by its name. */
export function missingSecretHint(name: string): string {
  const [file, key] = name.split(/:(?=[^:]*$)/);
  if (key !== undefined) return `It is ${key} of ${file}, which this node has not opened.`;
  const [owner, secret] = name.split(".");
  return `Put it into the secrets file of the node: ${owner}: { ${secret}: … }`;
}
