import * as z from "zod";

import { Name, namePattern } from "./name.ts";

const absolutePath = z
  .string()
  .regex(/^\/(?:[^/\0]+(?:\/[^/\0]+)*)?$/, "must be an absolute path, without a slash at its end");
const texts = z.array(z.string().min(1).max(1000));

/** Namespaces of the host that a container can share. */
export const hostNamespaces = ["network", "pid", "ipc", "uts", "user", "cgroup"] as const;
export type HostNamespace = (typeof hostNamespaces)[number];

/** `network:container:vpn`: a namespace of another instance's container, by the name of that. */
const containerNamespace = z
  .string()
  .regex(
    /^(?:network|pid|ipc):container:[a-zA-Z0-9][a-zA-Z0-9_.-]*$/,
    "must be a namespace of the host, or network, pid or ipc of a container: network:container:vpn",
  );

/** What both sides name in the same way: the environment for a package, and the node for all of them. */
const sharedGrants = {
  engineSocket: z
    .boolean()
    .optional()
    .describe("The engine's socket, with which a container is root on the node."),
  capabilities: texts
    .optional()
    .describe("Capabilities beyond those that the engine gives by default, such as NET_ADMIN."),
  devices: z.array(absolutePath).optional().describe("Devices by their path, such as /dev/dri."),
  deviceRules: texts
    .optional()
    .describe("Devices by their number, as device_cgroup_rules has them, such as c 188:* rwm."),
  gpus: z
    .boolean()
    .optional()
    .describe("Graphics processors by the engine's own way: `gpus`, or device reservations."),
  runtimes: texts.optional().describe("Runtimes of the engine beside its default, such as nvidia."),
  namespaces: z
    .array(z.union([z.enum(hostNamespaces), containerNamespace]))
    .optional()
    .describe(
      "Namespaces of the host, such as network; and of containers of other instances, such as network:container:vpn.",
    ),
  privileged: z.boolean().optional().describe("Privileged containers, which are root on the node."),
  networks: texts.optional().describe("Networks of the engine that somebody else has made, by name."),
  volumes: texts.optional().describe("Volumes of the engine that somebody else has made, by name."),
  mounts: texts.optional().describe("What volumes with driver_opts may mount, such as nfs://nas.lan/export."),
  sysctls: texts
    .optional()
    .describe("Kernel settings beyond the network namespace's own; a * at the end stands for the rest."),
  securityOptions: texts
    .optional()
    .describe(
      "Options of security_opt, such as apparmor=unconfined, or seccomp= with a file of the package.",
    ),
  subnets: texts
    .optional()
    .describe("Subnets of networks beyond private ranges, or that something else of the node has a part of."),
  networkDrivers: texts
    .optional()
    .describe("Drivers of networks, with the interface of the host: macvlan:eth0; or the name of a plugin."),
  volumeDrivers: texts.optional().describe("Plugins of the engine that make volumes, by name."),
  loggingAddresses: texts
    .optional()
    .describe("Where the engine may send logs, such as tcp://127.0.0.1:24224."),
};

const grantedPath = z
  .string()
  .max(1000)
  .regex(
    new RegExp(`^(?:/|${namePattern.source.slice(1, -1)}(?:/|$))`),
    "must be an absolute path, or a name from the node's `allow.paths`",
  );

/** What one package may reach, as the environment says it. */
export const Grants = z.strictObject({
  paths: z
    .array(grantedPath)
    .optional()
    .describe("Folders and files of the host: an absolute path, or a name from the node's `allow.paths`."),
  ...sharedGrants,
  secretEnvironment: texts
    .optional()
    .describe(
      "Variables that may carry a secret into a container's environment; the node need not permit it.",
    ),
});
export type Grants = z.infer<typeof Grants>;

/** A path of the host that a node permits. */
export const PermittedPath = z.strictObject({
  path: absolutePath,
  readOnly: z.boolean().default(false).describe("It may be bound read-only, and not otherwise."),
  nested: z
    .boolean()
    .default(false)
    .describe(
      "Binds below what a container of this node can write are permitted: whoever writes there is root on the node.",
    ),
});
export type PermittedPath = z.infer<typeof PermittedPath>;

/** What a node permits at most, whatever Git says. */
export const NodeGrants = z.strictObject({
  paths: z.record(Name, PermittedPath).optional().describe("Named folders and files of the host."),
  ...sharedGrants,
  adopt: z
    .union([z.literal("all"), texts])
    .optional()
    .describe("Compose projects that Git may take over, by name; or all of them."),
  nested: z
    .boolean()
    .optional()
    .describe("Permit binds below what a container of this node can write, wherever it is."),
});
export type NodeGrants = z.infer<typeof NodeGrants>;

/** A key of `allow`. */
export type GrantKind = Exclude<keyof Grants, undefined>;

/** What a service needs a grant for. */
export interface Ask {
  /** The key of `allow` that would permit it. */
  kind: GrantKind;
  /** As it would stand in `allow`; `true` where that key is on or off. */
  value: string;
  /** Of a path: whether it is only read. */
  readOnly?: boolean;
  /**
   * Of an absolute path that the environment permits by names alone: those, with what it names below them, of which one must be
   * above it on the node.
   */
  names?: readonly string[];
  /** Empty for what is no service's, such as a volume. */
  service: string;
}

/** Stands for the node's path of a name until the node fills it in, so that models and digests are the same everywhere. */
export function pathToken(name: string): string {
  return `/__keelson-path-${name}__`;
}

/** A path that begins with a token: the name, and what stands behind it. */
export const pathTokenPattern = /^\/+__keelson-path-([a-z0-9-]+)__(?=\/|$)/;

/** Whether a token stands anywhere but at the beginning of a path: filled in there, it leads elsewhere than it was judged. */
export function hasInnerPathToken(path: string): boolean {
  return path.replace(pathTokenPattern, "").includes("__keelson-path-");
}
