import * as z from "zod";

import { Duration } from "./duration.ts";
import { Capability, Name } from "./name.ts";
import { Version, VersionRange } from "./release.ts";
import { parseDurationMs } from "./duration-text.ts";
import { longestWaitMs } from "./wait-limit.ts";

export const signals = ["HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "WINCH"] as const;

/** What is done in the services that mount a file when its content changes. */
export const OnChange = z
  .union([
    z.enum(["none", "restart", "recreate", "seed", ...signals.map((name) => `signal:${name}` as const)]),
    z.strictObject({ exec: z.array(z.string().min(1)).min(1) }),
  ])
  .describe("none | signal:HUP | {exec: [program, …]} | restart | recreate | seed");
export type OnChange = z.infer<typeof OnChange>;

export const FileMode = z.string().regex(/^0[0-7]{3}$/, 'must be an octal mode such as "0640"');
export const FileOwner = z.string().regex(/^\d{1,10}:\d{1,10}$/, 'must be numeric, "user:group"');

/** Files of the package, placed where compose.yaml binds them: `template` or `from` says which. */
export const PackageFile = z.strictObject({
  from: z
    .string()
    .min(1)
    .optional()
    .describe("A file of the package, a folder/ or a pattern such as dashboards/*.json; copied as it is."),
  template: z.string().min(1).optional().describe("As `from`, but a name that ends in .liquid is rendered."),
  to: z
    .string()
    .min(1)
    .describe(
      "Path that compose.yaml binds, such as core/conf/core.yml; for a folder or a pattern a folder.",
    ),
  onChange: OnChange.default("recreate"),
  mode: FileMode.optional().describe(
    "Default 0644, or 0755 for a file that is executable in Git; 0400 or 0500 when the file holds a secret.",
  ),
  owner: FileOwner.optional().describe('Numeric owner of the file, "user:group".'),
  writable: z
    .boolean()
    .default(false)
    .describe("Whether containers may write where it is bound; it is read-only otherwise. A seed always is."),
  check: z
    .enum(["syntax", "none"])
    .default("syntax")
    .describe("Whether a rendered .json or .yaml must parse; copied files are never parsed."),
});
export type PackageFile = z.infer<typeof PackageFile>;

/** A key under `volumes` of compose.yaml. */
const VolumeName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, "must be letters, digits, _, . and -, the first a letter or digit");

/** What a named volume holds. */
export const DataVolume = z.strictObject({
  format: z.int().min(0).optional().describe("The data format that this version writes."),
  reads: VersionRange.optional().describe("The data formats that this version can read."),
  was: VolumeName.optional().describe("The volume's key in an earlier version: its data stays in use."),
});
export type DataVolume = z.infer<typeof DataVolume>;

const VariableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be letters, digits and _, the first no digit");

/** A key under `services` of compose.yaml. */
const ServiceName = z.string().regex(/^[a-zA-Z0-9._-]+$/, "must be letters, digits, _, . and -");

export const serviceRoles = ["job", "server"] as const;
export type ServiceRole = (typeof serviceRoles)[number];

/** A job, and the times at which the node runs it. */
export const ScheduledService = z
  .strictObject({
    schedule: z
      .string()
      .min(1)
      .max(200)
      .describe("Five fields of cron: minute, hour, day of the month, month, day of the week."),
    timeZone: z
      .string()
      .min(1)
      .max(60)
      .default("UTC")
      .describe("The time zone of the schedule, such as Europe/Zurich."),
    timeout: Duration.refine((text) => parseDurationMs(text) <= longestWaitMs, "must be at most 24h")
      .default("6h")
      .describe("A run that takes longer is stopped, and has failed."),
  })
  .describe("A job that the node runs by a schedule.");
export type ScheduledService = z.infer<typeof ScheduledService>;

export const scopes = ["many", "one-per-node", "one-per-role", "one-per-environment"] as const;
export type PackageScope = (typeof scopes)[number];

/** `releases/<name>/<version>/packages/<package>/package.yaml` */
export const Package = z.strictObject({
  name: Name,
  version: Version,
  provides: z
    .record(Name, Version)
    .default({})
    .describe("Interfaces this package offers, with their versions."),
  requires: z.record(Name, VersionRange).default({}).describe("Interfaces that must be there first."),
  optional: z
    .record(Name, VersionRange)
    .default({})
    .describe("Interfaces that are used when they are there."),
  capabilities: z.array(Capability).default([]).describe("What a node must have."),
  scope: z.enum(scopes).default("many").describe("How many instances there may be."),
  role: Name.optional().describe("Default placement: nodes with this role."),
  compose: z.string().min(1).default("compose.yaml").describe("Path of the Compose file in the package."),
  variables: z
    .record(VariableName, z.string())
    .default({})
    .describe("All that compose.yaml may interpolate; values are templates."),
  files: z.array(PackageFile).default([]).describe("Files that compose.yaml binds."),
  data: z
    .record(VolumeName, DataVolume)
    .default({})
    .describe("What the named volumes hold, by their key in compose.yaml."),
  services: z
    .record(ServiceName, z.union([z.enum(serviceRoles), ScheduledService]))
    .default({})
    .describe(
      "Which services are jobs, meant to end, and which are servers, where the Compose file does not say it; and the schedules of jobs.",
    ),
  update: z
    .strictObject({
      order: z.enum(["stop-first"]).default("stop-first"),
      trial: Duration.refine((text) => parseDurationMs(text) <= longestWaitMs, "must be at most 24h")
        .optional()
        .describe(
          "How long a changed service may take to become healthy, and a job to end; default 60s, or longer where the health check needs it.",
        ),
    })
    .default({ order: "stop-first" })
    .describe("How a new version takes the place of the old one."),
});
export type Package = z.infer<typeof Package>;

/** `package.yaml` of a local package, which needs none: its name is its folder's, its version the digest of its files. */
export const LocalPackageDocument = Package.extend({
  name: Name.optional(),
  version: Version.optional(),
  settings: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The settings schema (JSON Schema 2020-12) in this folder; without one, settings are variables.",
    ),
  compose: z
    .string()
    .min(1)
    .optional()
    .describe("Path of the Compose file in the folder; default is what Compose itself finds there."),
});
export type LocalManifest = z.infer<typeof LocalPackageDocument>;
