import type { HostNamespace } from "@keelson/model";

import type { HostReach } from "./host-reach.ts";

const places: readonly { key: string; namespace: HostNamespace; message: string }[] = [
  { key: "network_mode", namespace: "network", message: "network_mode host shares the host's network" },
  { key: "pid", namespace: "pid", message: "pid host shows the processes of the host" },
  { key: "ipc", namespace: "ipc", message: "ipc host shares the memory of the host's processes" },
  { key: "uts", namespace: "uts", message: "uts host shares the host's name" },
  { key: "userns_mode", namespace: "user", message: "userns_mode host turns off the engine's user mapping" },
  { key: "cgroup", namespace: "cgroup", message: "cgroup host shows the host's control groups" },
];

/** K1402: namespaces of the host. */
export const namespaceReaches: readonly HostReach[] = places.map(({ key, namespace, message }) => ({
  at: `services.*.${key}`,
  code: "K1402",
  message: () => message,
  asks: ({ value }) => (value === "host" ? [{ kind: "namespaces", value: namespace }] : []),
}));
