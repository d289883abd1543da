import type { ContainerLimits } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

import { recordOf } from "./json-reader.ts";

/** What `docker update` can change (API reference, "Update a container"), by the words for it. */
const limits = {
  Memory: "memory",
  MemoryReservation: "memory reservation",
  MemorySwap: "memory and swap",
  NanoCpus: "cpus",
  CpuShares: "cpu shares",
  CpuPeriod: "cpu period",
  CpuQuota: "cpu quota",
  CpusetCpus: "cpuset",
  CpusetMems: "memory nodes",
  PidsLimit: "number of processes",
  BlkioWeight: "block I/O weight",
};

/** The limits that are set. The engine tells one that is not in several ways. */
export function limitsOf({ HostConfig: config }: ContainerInspectInfo): ContainerLimits {
  const values = recordOf(config);
  const found = Object.entries(limits).flatMap(([key, name]): [string, string][] => {
    const value = values[key];
    if (typeof value !== "string" && typeof value !== "number") return [];
    return value === 0 || value === "" ? [] : [[name, String(value)]];
  });
  const { Name: policy = "", MaximumRetryCount: count = 0 } = config.RestartPolicy ?? {};
  if (policy !== "" && policy !== "no")
    found.push(["restart policy", count === 0 ? policy : `${policy}:${count}`]);
  return Object.fromEntries(found);
}
