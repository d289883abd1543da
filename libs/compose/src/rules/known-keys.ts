import { isJsonObject } from "@keelson/model";

import type { Rule } from "../rule.ts";

/** Harmless keys by place, from the Compose specification as of Compose 2.40; a newer one must be judged first. */
export const harmlessKeys: Readonly<Record<string, string>> = {
  "": "name version include services networks volumes",
  "services.*": `
    annotations attach cap_drop command configs cpu_count cpu_percent cpu_period cpu_quota cpu_shares cpus cpuset
    depends_on dns dns_opt dns_search domainname entrypoint env_file environment expose extends extra_hosts
    group_add hostname init isolation labels label_file links mac_address mem_limit mem_reservation
    mem_swappiness memswap_limit networks pids_limit platform ports read_only
    profiles restart scale secrets shm_size stdin_open stop_signal storage_opt tmpfs tty ulimits user
    working_dir`,
  "services.*.blkio_config": "weight",
  "services.*.deploy":
    "mode replicas labels update_config rollback_config restart_policy placement endpoint_mode",
  "services.*.deploy.resources": "limits",
  "services.*.deploy.resources.limits": "cpus memory pids",
  "services.*.deploy.resources.reservations": "cpus memory",
  "services.*.env_file.*": "path required format",
  "services.*.extends": "service file",
  "services.*.logging": "driver",
  "services.*.networks.*":
    "aliases interface_name ipv4_address ipv6_address link_local_ips mac_address priority gw_priority",
  "services.*.volumes.*": "type source target read_only consistency",
  "services.*.volumes.*.bind": "propagation create_host_path recursive selinux",
  "services.*.volumes.*.volume": "nocopy subpath",
  "services.*.volumes.*.tmpfs": "size mode",
  "networks.*": "name external internal attachable enable_ipv4 enable_ipv6",
  "networks.*.ipam": "config",
  "networks.*.ipam.config.*": "subnet ip_range gateway aux_addresses",
  "volumes.*": "name external",
  "secrets.*": "name file environment content external driver driver_opts template_driver",
  "configs.*": "name file environment content external driver driver_opts template_driver",
};

/** K1414: a key that neither the list above nor a judged place knows; `x-` keys mean nothing to Compose. */
export function knownKeyRules(judged: readonly string[]): Rule[] {
  return Object.entries(harmlessKeys).map(([at, text]) => {
    const known = new Set([...text.trim().split(/\s+/), ...judgedKeys(judged, at)]);
    return {
      at: at === "" ? "*" : `${at}.*`,
      code: "K1414",
      refuse: ({ key, parent }) =>
        known.has(key) || key.startsWith("x-") || !isJsonObject(parent)
          ? null
          : `the key ${key} is not one that Keelson knows to be harmless${suggestion(key, known)}`,
      hint: "Leave it out, or check its spelling.",
    };
  });
}

/** Keys below a place that a rule or another line of the list is about. */
function judgedKeys(judged: readonly string[], at: string): string[] {
  const prefix = at === "" ? [] : at.split(".");
  return [...judged, ...Object.keys(harmlessKeys)].flatMap((pattern) => {
    const segments = pattern.split(".");
    const key = segments[prefix.length];
    const isBelow = prefix.every(
      (segment, index) => segments[index] === segment || segments[index] === `${segment}?`,
    );
    return isBelow && key !== undefined && !key.startsWith("*") ? [key] : [];
  });
}

function suggestion(key: string, known: ReadonlySet<string>): string {
  const near = [...known].filter((other) => isOneEditAway(key, other)).sort();
  return near[0] === undefined ? "" : `; did you mean ${near[0]}?`;
}

/** One letter more, less or other, or two neighbours swapped. */
function isOneEditAway(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [restA, restB] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (restA.length <= 1 && restB.length <= 1) return true;
  return restA.length === 2 && restA === `${restB.at(1)}${restB.at(0)}`;
}
