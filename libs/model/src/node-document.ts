import * as z from "zod";

import { ageRecipientForm, isAgeRecipient } from "./age-recipient.ts";
import { SettingsByRelease } from "./environment.ts";
import { Capability, Name } from "./name.ts";

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
  instances: z
    .record(
      Name,
      z.strictObject({
        settings: z
          .record(z.string(), z.json())
          .optional()
          .describe("A layer above the instance's own settings."),
      }),
    )
    .optional()
    .describe("What is special to instances on this node."),
  keys: z
    .strictObject({
      age: z
        .string()
        .regex(ageRecipientForm, "must be an age recipient, such as age1…")
        .refine(isAgeRecipient, "is no age recipient: its checksum is wrong; copy it whole")
        .optional(),
    })
    .optional()
    .describe("Public keys of the node."),
  commands: z
    .record(Name, InstanceCommands)
    .default({})
    .describe("What instances are to do once on this node, by instance."),
});
export type NodeDocument = z.infer<typeof NodeDocument>;
