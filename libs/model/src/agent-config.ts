import * as z from "zod";

import { findDataFaults } from "./data-places.ts";
import { parseDurationMs } from "./duration-text.ts";
import { Duration } from "./duration.ts";
import { NodeGrants } from "./grant.ts";
import { Name } from "./name.ts";
import { defaultFileBytes, mostFileBytes } from "./source-file.ts";
import { longestWaitMs } from "./wait-limit.ts";

export const CredentialSource = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ command: z.array(z.string().min(1)).min(1) }),
]);

const Wait = Duration.refine((text) => parseDurationMs(text) <= longestWaitMs, "must be at most 24h");

const longestHeartbeatMs = 31 * 24 * 3_600_000;

const Fields = z.strictObject({
  environment: Name,
  node: Name,
  source: z.strictObject({
    url: z.string().min(1).describe("http(s), ssh or file:// URL of the state repository, or a local path."),
    branch: z.string().min(1).default("main"),
    credential: CredentialSource.optional(),
    knownHosts: z
      .string()
      .startsWith("/", "must be an absolute path")
      .optional()
      .describe("Of ssh: the file with the keys of the hosts that are trusted, instead of the user's."),
  }),
  report: z
    .strictObject({
      as: z
        .enum(["notes", "branch", "none"])
        .default("notes")
        .describe("How the status is written into Git."),
      url: z.string().min(1).optional().describe("Another repository for it; default is the source."),
      credential: CredentialSource.optional().describe("Default is the source's, when url is not set."),
      // Readers of a status take a longer one for a mistake.
      heartbeat: Duration.refine((text) => parseDurationMs(text) <= longestHeartbeatMs, "must be at most 31d")
        .default("1h")
        .describe("How often it is written when nothing changes."),
    })
    .default({ as: "notes", heartbeat: "1h" }),
  interval: Duration.refine((text) => parseDurationMs(text) > 0, "must be at least 1ms")
    .default("60s")
    .describe("How often the agent polls for a new commit."),
  stateDir: z.string().startsWith("/", "must be an absolute path").default("/var/lib/keelson"),
  keyFile: z.string().startsWith("/", "must be an absolute path").default("/etc/keelson/node.key"),
  allow: z
    .union([z.literal("all"), NodeGrants])
    .optional()
    .describe("What this node permits at most, whatever Git says; nothing beyond what is free unless named."),
  dataDir: z
    .string()
    .startsWith("/", "must be an absolute path")
    .optional()
    .describe("Where data folders of instances lie; default is data/ in stateDir."),
  dataFolders: z
    .record(Name, z.string().startsWith("/", "must be an absolute path"))
    .optional()
    .describe("Where the data folders of an instance lie already, by instance."),
  age: z
    .strictObject({
      keyFile: z
        .string()
        .startsWith("/", "must be an absolute path")
        .describe("Its file, 0600; default is age.key beside the node's key."),
    })
    .optional()
    .describe("The key with which the node opens secrets from Git; made at the first run."),
  secretsFile: z
    .string()
    .startsWith("/", "must be an absolute path")
    .optional()
    .describe("YAML of secret names and values, 0600."),
  dockerHost: z
    .string()
    .min(1)
    .optional()
    .describe("unix:// address of the engine; default is DOCKER_HOST or the standard socket."),
  dockerConfig: z
    .string()
    .startsWith("/", "must be an absolute path")
    .optional()
    .describe(
      "Docker's config.json with the logins to image registries; default is that of the user who runs Keelson.",
    ),
  monitor: z
    .strictObject({
      socket: z.string().startsWith("/", "must be an absolute path").optional(),
      port: z.int().min(1).max(65_535).optional().describe("On the loopback address."),
    })
    .optional()
    .describe("Where `run` answers /healthz, /readyz and /metrics; nowhere unless named."),
  notify: z
    .strictObject({
      command: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe("A program with its arguments, which gets the notification as its input."),
      webhook: z
        .strictObject({
          url: z
            .string()
            .regex(/^https?:\/\/[^\s/]/, "must be an http:// or https:// URL")
            .refine((url) => URL.canParse(url), "must be a URL")
            .describe("Where the notification is posted to."),
          credential: CredentialSource.optional(),
        })
        .optional(),
    })
    .refine(
      ({ command, webhook }) => command !== undefined || webhook !== undefined,
      "must name whom to tell",
    )
    .optional()
    .describe("Whom `run` tells when the node becomes ready, not ready or stalled; nobody unless named."),
  timeouts: z
    .strictObject({
      git: Wait.default("60s"),
      pull: Wait.default("15m"),
      stop: Wait.default("10m").describe("What a container gets at most to end by itself."),
      trial: Wait.default("15m").describe("What a service gets at most to come up, and a one-shot to end."),
    })
    .default({ git: "60s", pull: "15m", stop: "10m", trial: "15m" }),
  limits: z
    .strictObject({
      fileBytes: z
        .int()
        .min(1)
        .max(mostFileBytes)
        .default(defaultFileBytes)
        .describe("The largest file of the repository that is read, in bytes."),
    })
    .default({ fileBytes: defaultFileBytes }),
});

/** `/etc/keelson/agent.yaml`: what a node must know before it can read its desired state. */
export const AgentConfig = Fields.superRefine((config, context) => {
  for (const [path, message] of findDataFaults(config)) context.addIssue({ code: "custom", path, message });
});
export type AgentConfig = z.infer<typeof AgentConfig>;
