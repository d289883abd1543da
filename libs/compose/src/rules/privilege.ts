import { type Json, seccompFileOf } from "@keelson/model";

import { fileRefusal } from "../bound-path.ts";
import { type Occurrence, type Rule, afterVariables, entryOf, isOff, shown, unless } from "../rule.ts";

const hint = "Leave it out; run what needs rights on the host outside of the packages.";

const memoryHint = "Leave it out, and give the container a mem_limit that is enough for it.";

/** K1401: rights that let a container act on the host, and that nothing can permit. */
export const privilegeRules: readonly Rule[] = [
  {
    at: "services.*.security_opt.*?",
    code: "K1401",
    // Compose itself reads the file, from the node's disk.
    refuse: afterVariables(({ value, context }) => {
      const file = typeof value === "string" ? seccompFileOf(value) : null;
      return file === null ? null : fileRefusal(file, context);
    }),
    hint: "Name a file of the package, with a grant: commit it, and in a release list it under files in package.yaml.",
  },
  {
    at: "services.*.annotations.*",
    code: "K1401",
    refuse: annotationRefusal,
    hint: "Leave it out; other annotations are only notes.",
  },
  {
    at: "services.*.cgroup_parent",
    code: "K1401",
    refuse: unless(isOff, "cgroup_parent takes the container out of the engine's resource limits"),
    hint,
  },
  {
    at: "services.*.sysctls.*",
    code: "K1401",
    refuse: afterVariables((occurrence) => {
      const { name } = entryOf(occurrence);
      return isSettingName(name) ? null : `${shown(name)} is not the plain name of a kernel setting`;
    }),
    hint: "Write it with dots, such as net.core.somaxconn.",
  },
  {
    at: "services.*.credential_spec",
    code: "K1401",
    refuse: unless(isOff, "credential_spec hands out credentials of the host"),
    hint,
  },
  {
    at: "services.*.oom_kill_disable",
    code: "K1401",
    refuse: unless(isOff, "oom_kill_disable lets the kernel end others when the container takes all memory"),
    hint: memoryHint,
  },
  {
    at: "services.*.oom_score_adj",
    code: "K1401",
    refuse: ({ value, context }) =>
      isBelowZero(value, context.stage)
        ? "an oom_score_adj below zero lets the kernel end others when the container takes all memory"
        : null,
    hint: memoryHint,
  },
  {
    at: "services.*.ulimits.*",
    code: "K1401",
    refuse: ({ key, value }) => (isOff(value) ? null : limitRefusal(key)),
    hint: "Leave it out; cpus and cpu_shares share the processors out.",
  },
];

/** Those of getrlimit(2) that concern the container alone. The engine takes them in upper and lower case. */
const limits =
  /^(?:as|core|cpu|data|fsize|locks|memlock|msgqueue|nofile|nproc|rss|rttime|sigpending|stack)$/i;

function limitRefusal(name: string): string | null {
  if (limits.test(name)) return null;
  return /^(?:rtprio|nice)$/i.test(name)
    ? `the limit ${name} lets the container go before all other programs of the host`
    : `the limit ${shown(name)} is not one that Keelson knows`;
}

/** Notes for most runtimes, but some follow these: runc sets systemd's properties, crun runs hooks, others take devices. */
const followed =
  /^(?:org\.systemd\.property\.|run\.oci\.|cdi\.k8s\.io\/|io\.katacontainers\.|dev\.gvisor\.)|\$/i;

function annotationRefusal(occurrence: Occurrence): string | null {
  const { name } = entryOf(occurrence);
  // A name with a variable could become any name.
  return followed.test(name)
    ? `the annotation ${name} can change what the engine's runtime does on the host`
    : null;
}

/** Runtimes make a path of the name, in which slashes and empty parts would lead to other settings. */
function isSettingName(name: string): boolean {
  return /^\w[\w-]*(?:\.[\w-]+)+$/.test(name);
}

/** Compose itself refuses a text that is no number; a variable is judged after Compose has filled it in. */
function isBelowZero(value: Json, stage: "file" | "model"): boolean {
  if (isOff(value) || (stage === "file" && typeof value === "string" && value.includes("$"))) return false;
  return Number(value) < 0;
}
