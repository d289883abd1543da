import * as z from "zod";

import { Capability, Name, namePattern } from "./name.ts";
import { ReleaseDigest, Version, VersionRange } from "./release.ts";

export const instanceStates = ["running", "installed", "staged", "absent"] as const;
export type InstanceState = (typeof instanceStates)[number];

export const PackageReference = z
  .string()
  .regex(
    new RegExp(`${namePattern.source.slice(0, -1)}/${namePattern.source.slice(1)}`),
    "must be <release>/<package>",
  )
  .describe("A package of a release: <release>/<package>.");

export const Instance = z.strictObject({
  package: PackageReference,
  on: z
    .strictObject({ role: Name.optional(), node: Name.optional() })
    .refine(
      ({ role, node }) => (role === undefined) !== (node === undefined),
      "must have either role or node",
    )
    .optional()
    .describe("Where the instance runs; default is the package's role, or every node."),
  state: z
    .enum(instanceStates)
    .default("running")
    .describe("running; installed: configured, not started; staged: files and images only; absent: removed."),
  was: Name.optional().describe("The name under which its volumes were made: their data stays in use."),
});
export type Instance = z.infer<typeof Instance>;

/** Values by release name; the schema of the release types them. */
export const SettingsByRelease = z.record(Name, z.record(z.string(), z.json()));
export type SettingsByRelease = z.infer<typeof SettingsByRelease>;

export const Policy = z.strictObject({
  requireDigests: z.boolean().optional().describe("Refuse releases whose images have no locked digests."),
  allowMassRemoval: z
    .boolean()
    .optional()
    .describe("Permit one revision to take away more than half of what a node runs."),
});
export type Policy = z.infer<typeof Policy>;

/** `environments/<name>/environment.yaml` */
export const Environment = z.strictObject({
  name: Name,
  extends: Name.optional().describe("Another environment, merged under this one."),
  releases: z
    .record(Name, VersionRange)
    .default({})
    .describe("Releases and the versions of each that are wanted."),
  instances: z.record(Name, Instance).default({}).describe("Packages placed in the environment."),
  settings: SettingsByRelease.default({}).describe(
    "Values by release; the release's settings schema types them.",
  ),
  policy: Policy.default({}).describe("What the environment permits."),
});
export type Environment = z.infer<typeof Environment>;

/** A counter ends here, far from where numbers are not exact any more. */
export const mostRenewals = 1_000_000_000;

/** Counters: moved by one, each asks for something once. */
export const InstanceCommands = z.strictObject({
  renew: z
    .int()
    .min(0)
    .max(mostRenewals)
    .default(0)
    .describe(
      "Raised by one: volumes of the instance that are lost, or that leave data behind, may be made, empty.",
    ),
});
export type InstanceCommands = z.infer<typeof InstanceCommands>;

/** `environments/<env>/nodes/<node>.yaml` */
export const NodeDocument = z.strictObject({
  name: Name,
  roles: z.array(Name).default([]).describe("Labels by which instances are placed on nodes."),
  capabilities: z.array(Capability).default([]).describe("What the node has, such as shared-storage."),
  settings: SettingsByRelease.default({}).describe(
    "Values by release, where the release opens a setting to nodes.",
  ),
  commands: z
    .record(Name, InstanceCommands)
    .default({})
    .describe("What instances are to do once on this node, by instance."),
});
export type NodeDocument = z.infer<typeof NodeDocument>;

/** `environments/<env>/lock.yaml`: the only thing an agent follows. */
export const Lock = z.strictObject({
  releases: z
    .record(
      Name,
      z.strictObject({
        version: Version,
        digest: ReleaseDigest.optional().describe(
          "The digest that the release's folder must have at the revision, as `keelson release digest` prints it.",
        ),
      }),
    )
    .describe("The exact version of every release of the environment."),
  instances: z
    .record(Name, z.strictObject({ package: PackageReference, version: Version }))
    .describe("The package of every instance, with the version it has in the locked release."),
});
export type Lock = z.infer<typeof Lock>;
