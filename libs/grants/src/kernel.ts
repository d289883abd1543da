import { type Json, type Occurrence, entryOf, isJsonObject, isOff } from "@keelson/model";

import type { Asked, HostReach } from "./host-reach.ts";

/** What the engine gives every container (docs.docker.com, "Runtime privilege and Linux capabilities"). */
const defaultCapabilities = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "NET_RAW",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

/** K1401: rights that let a container act on the host's kernel. */
export const kernelReaches: readonly HostReach[] = [
  {
    at: "services.*.privileged",
    code: "K1401",
    message: () => "privileged gives the container every right on the host",
    asks: ({ value }) => (isOff(value) ? [] : [{ kind: "privileged", value: "true" }]),
  },
  {
    at: "services.*.cap_add.*?",
    code: "K1401",
    message: ({ value }) => `the capability ${value} gives the container rights of the host's kernel`,
    asks: ({ value }) => {
      const capability = capabilityOf(textOf(value));
      return defaultCapabilities.has(capability) ? [] : [{ kind: "capabilities", value: capability }];
    },
  },
  {
    at: "services.*.sysctls.*",
    code: "K1401",
    message: ({ value }) =>
      `the kernel setting ${value} is not of a network namespace that is the container's own`,
    asks: askSysctl,
  },
  {
    at: "services.*.runtime",
    code: "K1401",
    message: ({ value }) => `the runtime ${value} is another program that the engine runs as root`,
    asks: ({ value }) => (isOff(value) ? [] : [{ kind: "runtimes", value: textOf(value) }]),
  },
];

/** In capitals and without `CAP_`, as the engine takes it. */
export function capabilityOf(text: string): string {
  return /^[a-z_]+$/i.test(text) ? text.toUpperCase().replace(/^CAP_/, "") : text;
}

/** Settings of the network belong to its namespace; in another's they are another's. A mode with a variable is judged in the model. */
function askSysctl(occurrence: Occurrence): Asked[] {
  const { name } = entryOf(occurrence);
  const service = occurrence.parents[2] ?? null;
  const mode = isJsonObject(service) ? (service["network_mode"] ?? null) : null;
  const hasOwnNetwork = isOff(mode) || /^(?:bridge|none)$|\$/.test(textOf(mode));
  return hasOwnNetwork && /^net(?:\.[\w-]+)+$/.test(name) ? [] : [{ kind: "sysctls", value: name }];
}

export function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
