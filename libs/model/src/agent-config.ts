import { z } from "zod";

import { Duration } from "./duration.ts";
import { Name } from "./name.ts";

export const CredentialSource = z.union([
  z.strictObject({ file: z.string().min(1) }),
  z.strictObject({ command: z.array(z.string().min(1)).min(1) }),
]);

/** `/etc/keelson/agent.yaml`: what a node must know before it can read its desired state. */
export const AgentConfig = z.strictObject({
  environment: Name,
  node: Name,
  source: z.strictObject({
    url: z.string().min(1).describe("http(s), ssh or file:// URL of the state repository, or a local path."),
    branch: z.string().min(1).default("main"),
    credential: CredentialSource.optional(),
  }),
  interval: Duration.default("60s").describe("How often the agent looks for a new commit."),
  stateDir: z.string().startsWith("/", "must be an absolute path").default("/var/lib/keelson"),
  keyFile: z.string().startsWith("/", "must be an absolute path").default("/etc/keelson/node.key"),
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
  timeouts: z
    .strictObject({ git: Duration.default("60s"), pull: Duration.default("15m") })
    .default({ git: "60s", pull: "15m" }),
});
export type AgentConfig = z.infer<typeof AgentConfig>;
