import * as z from "zod";

import { Suspension } from "./suspension.ts";

export const conditionTypes = [
  "Ready",
  "Reconciling",
  "Stalled",
  "SourceReady",
  "Staged",
  "Healthy",
  "Drifted",
  "Reported",
] as const;
export type ConditionType = (typeof conditionTypes)[number];

export const Condition = z.object({
  /** One of `conditionTypes`, or of a newer version. */
  type: z.string(),
  status: z.enum(["true", "false", "unknown"]),
  reason: z.string(),
  message: z.string(),
  since: z.string(),
});
export type Condition = z.infer<typeof Condition>;

/** Computed from evidence, never from a flag. */
export const packageStates = [
  "absent",
  "staged",
  "installed",
  "running",
  "removed",
  "released",
  "unknown",
] as const;
export type PackageState = (typeof packageStates)[number];

/** The schedule of a job. Times are ISO 8601 in UTC. */
export const ServiceSchedule = z.object({
  cron: z.string(),
  timeZone: z.string(),
  /** When it is due next; empty while the node does not run it. */
  next: z.string(),
  /** Times that passed without a run since the last one ended. */
  missed: z.int(),
  /** Since when a run is at work; null when none is. */
  running: z.string().nullable(),
  /** `exitCode`: null when the job was not started, or its end was not seen. */
  last: z
    .object({ due: z.string(), started: z.string(), seconds: z.number(), exitCode: z.int().nullable() })
    .nullable(),
});
export type ServiceSchedule = z.infer<typeof ServiceSchedule>;

export const ServiceStatus = z.object({
  name: z.string(),
  image: z.object({
    want: z.string(),
    have: z.string(),
    /** The digest that `want` is locked to; absent where nothing locks it, and in statuses of earlier versions. */
    locked: z.string().optional(),
    /** What the container was made from; absent in statuses of earlier versions, and without a container. */
    digest: z.string().optional(),
  }),
  digest: z.object({ want: z.string(), have: z.string() }),
  state: z.string(),
  health: z.enum(["healthy", "starting", "unhealthy", "unknown"]),
  /** Absent for a service without a schedule. */
  schedule: ServiceSchedule.optional(),
});
export type ServiceStatus = z.infer<typeof ServiceStatus>;

/** What a service reaches of the host, as environment and node permit it. */
export const GrantStatus = z.object({
  /** Empty for what is no service's, such as a volume. */
  service: z.string(),
  /** The key of `allow`. */
  kind: z.string(),
  value: z.string(),
  readOnly: z.boolean().optional(),
  /** With it, a container can be root on the node; absent otherwise. */
  root: z.literal(true).optional(),
});
export type GrantStatus = z.infer<typeof GrantStatus>;

export const InstanceStatus = z.object({
  name: z.string(),
  package: z.string(),
  version: z.string(),
  /** Absent in statuses of earlier versions. */
  releaseVersion: z.string().optional(),
  state: z.enum(packageStates),
  /**
   * It stays as it is: the commit has problems with it or with what it requires, or no revision desires it any more and its
   * removal is blocked. Absent otherwise, and in statuses of earlier versions.
   */
  held: z.boolean().optional(),
  sync: z.enum(["in-sync", "out-of-sync", "unknown"]),
  health: z.enum(["healthy", "starting", "unhealthy", "unknown"]),
  services: z.array(ServiceStatus),
  /** What its containers have of the host; absent for nothing, and in statuses of earlier versions. */
  grants: z.array(GrantStatus).optional(),
});
export type InstanceStatus = z.infer<typeof InstanceStatus>;

export const StatusError = z.object({
  code: z.string(),
  resource: z.string(),
  message: z.string(),
  hint: z.string(),
  outcome: z.enum(["stalled", "waiting", "transient"]),
  since: z.string(),
});
export type StatusError = z.infer<typeof StatusError>;

/** The node's status. A reader passes over fields of a newer version. */
export const Status = z.object({
  v: z.literal(1),
  seq: z.int(),
  /** `age`: the public part of the key with which the node opens secrets from Git; absent when it is not known. */
  node: z.object({ environment: z.string(), name: z.string(), age: z.string().optional() }),
  agent: z.object({ version: z.string(), bootId: z.string() }),
  observedAt: z.string(),
  heartbeatSeconds: z.int(),
  source: z.object({
    url: z.string(),
    branch: z.string(),
    observed: z.string(),
    attempted: z.string(),
    applied: z.string(),
    /** What the node is to be at, and why; absent in statuses of earlier versions, and while nothing was chosen. */
    target: z.object({ mode: z.string(), because: z.string() }).optional(),
  }),
  /** Absent while nobody withholds action, and in statuses of earlier versions. */
  suspended: Suspension.optional(),
  lockDigest: z.string(),
  desiredDigest: z.string(),
  appliedDigest: z.string(),
  conditions: z.array(Condition),
  operation: z
    .object({
      trigger: z.string(),
      startedAt: z.string(),
      finishedAt: z.string(),
      planned: z.int(),
      done: z.int(),
      failed: z.int(),
      skipped: z.int(),
      seconds: z.record(z.string(), z.number()),
    })
    .nullable(),
  retry: z.object({ attempt: z.int(), nextAt: z.string() }).nullable(),
  errors: z.array(StatusError),
  instances: z.array(InstanceStatus),
  /**
   * Short ids of the containers and networks that the node knows as its own. A node that has lost its record believes no
   * label without them; absent in statuses of earlier versions, and while nothing is known.
   */
  made: z.array(z.string()).optional(),
  /**
   * Volumes that the node knows, by engine name, with the services that use each or used it last, as `<instance>/<service>`;
   * none for one that a person gave up. A node that has lost its record misses them by this; absent in statuses of earlier versions.
   */
  volumes: z.record(z.string(), z.array(z.string())).optional(),
  /** What was left out so that the status stays small. */
  omitted: z.object({
    errors: z.int(),
    instances: z.int(),
    services: z.int(),
    /** Absent where none were. */
    volumes: z.int().optional(),
    made: z.int().optional(),
    grants: z.int().optional(),
  }),
});
export type Status = z.infer<typeof Status>;
