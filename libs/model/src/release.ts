import * as z from "zod";

import { Name } from "./name.ts";

const versionNumber = "(?:0|[1-9]\\d{0,14})";
const versionLabel = `(?:${versionNumber}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;

/** The grammar of semver.org 2.0.0, with numbers that JavaScript counts exactly. */
export const versionPattern = new RegExp(
  `^${versionNumber}\\.${versionNumber}\\.${versionNumber}` +
    `(?:-${versionLabel}(?:\\.${versionLabel})*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

export const Version = z
  .string()
  .max(64)
  .regex(versionPattern, "must be a semantic version such as 1.9.2")
  .describe("A semantic version (semver.org 2.0.0).");

export const VersionRange = z.string().min(1).describe("A semver range, such as ^1.9.0 or ^6.0 || ^7.0.");

export const ReleaseDigest = z
  .string()
  .regex(/^sha256-[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, "must be `sha256-` and 44 characters of base64")
  .describe("The digest of a release's folder, as `keelson release digest` and `nix hash path` print it.");

export const secretNamePattern = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

export const SecretName = z
  .string()
  .regex(secretNamePattern, "must be 1 to 64 letters, digits and underscores, the first no digit");

/** How the value of a secret comes into being on each install. */
export const SecretSource = z.strictObject({
  generate: z.strictObject({ bytes: z.int().min(16).max(1024) }).optional(),
});

/** `releases/<name>/<version>/release.yaml` */
export const Release = z.strictObject({
  name: Name,
  version: Version,
  agent: VersionRange.optional().describe("Versions of the agent that can apply this release."),
  packages: z.array(Name).min(1).describe("Folders under packages/."),
  settings: z
    .string()
    .min(1)
    .optional()
    .describe("The settings schema (JSON Schema 2020-12) in this folder."),
  secrets: z
    .record(SecretName, SecretSource)
    .default({})
    .describe("Values that every install has of its own; templates see them as secrets.<name>."),
});
export type Release = z.infer<typeof Release>;
