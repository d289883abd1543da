import { type HostNamespace, type Json, isJsonObject } from "@keelson/model";

import type { HostReach } from "./host-reach.ts";

const places: readonly { key: string; namespace: HostNamespace; message: string }[] = [
  { key: "network_mode", namespace: "network", message: "network_mode host shares the host's network" },
  { key: "pid", namespace: "pid", message: "pid host shows the processes of the host" },
  { key: "ipc", namespace: "ipc", message: "ipc host shares the memory of the host's processes" },
  { key: "uts", namespace: "uts", message: "uts host shares the host's name" },
  { key: "userns_mode", namespace: "user", message: "userns_mode host turns off the engine's user mapping" },
  { key: "cgroup", namespace: "cgroup", message: "cgroup host shows the host's control groups" },
];

/** K1402: namespaces of the host, and of containers of other instances. Those of the instance's own are free. */
export const namespaceReaches: readonly HostReach[] = [
  ...places.map(({ key, namespace, message }): HostReach => ({
    at: `services.*.${key}`,
    code: "K1402",
    message: () => message,
    asks: ({ value }) => (value === "host" ? [{ kind: "namespaces", value: namespace }] : []),
  })),
  ...places.slice(0, 3).map(({ key, namespace }): HostReach => ({
    at: `services.*.${key}`,
    code: "K1402",
    message: ({ value }) =>
      `${key} ${value.slice(namespace.length + 1)} reaches into another instance's container`,
    asks: ({ value, parents: [root = null] }) => {
      const container = joinedContainer(value);
      return container === null || isOwnContainer(container, root)
        ? []
        : [{ kind: "namespaces", value: `${namespace}:container:${container}` }];
    },
  })),
];

/** The name of the container whose namespace is joined; null for every other mode. */
export function joinedContainer(mode: Json | undefined): string | null {
  return typeof mode === "string" && mode.startsWith("container:") ? mode.slice("container:".length) : null;
}

function isOwnContainer(name: string, root: Json): boolean {
  const services = isJsonObject(root) ? (root["services"] ?? null) : null;
  return (
    isJsonObject(services) &&
    Object.values(services).some((service) => isJsonObject(service) && service["container_name"] === name)
  );
}
