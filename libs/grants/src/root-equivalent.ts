import type { Ask } from "@keelson/model";

/** Capabilities with which a program leaves its container: it loads modules, mounts, or reads what it likes. */
const rootCapabilities: ReadonlySet<string> = new Set([
  "ALL",
  "DAC_READ_SEARCH",
  "SYS_ADMIN",
  "SYS_MODULE",
  "SYS_PTRACE",
  "SYS_RAWIO",
]);

/** Whether a container that has this can be root on the node. */
export function isRootEquivalent({ kind, value }: Pick<Ask, "kind" | "value">): boolean {
  if (kind === "engineSocket" || kind === "privileged") return true;
  // Disks, and the kernel's memory.
  if (kind === "deviceRules") return /^(?:[ab] |c [1*]:)/.test(value);
  if (kind === "namespaces") return value === "pid";
  return kind === "capabilities" && rootCapabilities.has(value.toUpperCase().replace(/^CAP_/, ""));
}
