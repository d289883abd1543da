import { z } from "zod";

export const conditionTypes = [
  "Ready",
  "Reconciling",
  "Stalled",
  "SourceVerified",
  "Staged",
  "Healthy",
  "Drifted",
] as const;

export const Condition = z.strictObject({
  type: z.enum(conditionTypes),
  status: z.enum(["true", "false", "unknown"]),
  reason: z.string(),
  message: z.string(),
});
export type Condition = z.infer<typeof Condition>;

/** Computed from evidence, never from a flag. */
export const packageStates = ["absent", "staged", "installed", "running", "removed", "unknown"] as const;
export type PackageState = (typeof packageStates)[number];

export const ServiceStatus = z.strictObject({
  name: z.string(),
  image: z.strictObject({ want: z.string(), have: z.string() }),
  digest: z.strictObject({ want: z.string(), have: z.string() }),
  state: z.string(),
  health: z.enum(["healthy", "starting", "unhealthy", "unknown"]),
});
export type ServiceStatus = z.infer<typeof ServiceStatus>;

export const InstanceStatus = z.strictObject({
  name: z.string(),
  package: z.string(),
  version: z.string(),
  state: z.enum(packageStates),
  sync: z.enum(["in-sync", "out-of-sync", "unknown"]),
  health: z.enum(["healthy", "starting", "unhealthy", "unknown"]),
  services: z.array(ServiceStatus),
});
export type InstanceStatus = z.infer<typeof InstanceStatus>;

export const StatusError = z.strictObject({
  code: z.string(),
  resource: z.string(),
  message: z.string(),
  hint: z.string(),
  outcome: z.enum(["stalled", "waiting", "transient"]),
});
export type StatusError = z.infer<typeof StatusError>;

/** The node's report. */
export const Status = z.strictObject({
  v: z.literal(1),
  node: z.strictObject({ environment: z.string(), name: z.string() }),
  agent: z.strictObject({ version: z.string() }),
  observedAt: z.string(),
  source: z.strictObject({
    url: z.string(),
    branch: z.string(),
    observed: z.string(),
    attempted: z.string(),
    applied: z.string(),
  }),
  lockDigest: z.string(),
  desiredDigest: z.string(),
  appliedDigest: z.string(),
  conditions: z.array(Condition),
  operation: z
    .strictObject({
      startedAt: z.string(),
      finishedAt: z.string(),
      planned: z.int(),
      done: z.int(),
      failed: z.int(),
      skipped: z.int(),
    })
    .nullable(),
  errors: z.array(StatusError),
  instances: z.array(InstanceStatus),
});
export type Status = z.infer<typeof Status>;
