import {
  type Facts,
  listOf,
  note,
  noteEach,
  numberOf,
  recordOf,
  textOf,
  textsOf,
  unordered,
} from "./fact.ts";
import { deviceRequest } from "./spelling.ts";

/** Zero, minus one and nothing all mean that there is no limit. */
export function observedResources(facts: Facts, host: Record<string, unknown>): void {
  const limit = (name: string, key: string) => note(facts, name, Math.max(0, numberOf(host[key])));
  const memory = numberOf(host["Memory"]);
  const swap = numberOf(host["MemorySwap"]);
  note(facts, "mem_limit", memory);
  // The engine gives as much swap as memory unless told.
  note(facts, "memswap_limit", swap === memory * 2 ? 0 : swap);
  limit("mem_reservation", "MemoryReservation");
  limit("mem_swappiness", "MemorySwappiness");
  note(facts, "cpus", numberOf(host["NanoCpus"]) / 1e9);
  limit("cpu_count", "CpuCount");
  limit("cpu_percent", "CpuPercent");
  limit("cpu_period", "CpuPeriod");
  limit("cpu_quota", "CpuQuota");
  limit("cpu_rt_period", "CpuRealtimePeriod");
  limit("cpu_rt_runtime", "CpuRealtimeRuntime");
  limit("cpu_shares", "CpuShares");
  note(facts, "cpuset", host["CpusetCpus"]);
  note(facts, "cpuset_mems", host["CpusetMems"]);
  limit("pids_limit", "PidsLimit");
  note(facts, "oom_kill_disable", host["OomKillDisable"]);
  note(facts, "oom_score_adj", numberOf(host["OomScoreAdj"]));
  note(facts, "shm_size", numberOf(host["ShmSize"]));
  note(facts, "blkio_config.weight", numberOf(host["BlkioWeight"]));
  for (const [key, name] of Object.entries(blockDevices))
    note(facts, `blkio_config.${name}`, listOf(host[key]));
  note(facts, "device_cgroup_rules", unordered(textsOf(host["DeviceCgroupRules"])));
  for (const device of listOf(host["Devices"]).map(recordOf)) {
    facts.set(
      `devices.${textOf(device["PathInContainer"])}`,
      `${textOf(device["PathOnHost"])}:${textOf(device["CgroupPermissions"])}`,
    );
  }
  note(facts, "gpus", listOf(host["DeviceRequests"]).map(recordOf).map(requestOf));
  const ulimits = listOf(host["Ulimits"]).map(recordOf);
  noteEach(
    facts,
    "ulimits",
    ulimits.map(({ Name: name, Soft: soft, Hard: hard }) => [
      textOf(name),
      `${numberOf(soft)}:${numberOf(hard)}`,
    ]),
  );
}

const blockDevices = {
  BlkioWeightDevice: "weight_device",
  BlkioDeviceReadBps: "device_read_bps",
  BlkioDeviceWriteBps: "device_write_bps",
  BlkioDeviceReadIOps: "device_read_iops",
  BlkioDeviceWriteIOps: "device_write_iops",
};

function requestOf(request: Record<string, unknown>): unknown {
  return deviceRequest({
    driver: request["Driver"],
    count: request["Count"],
    device_ids: request["DeviceIDs"],
    capabilities: listOf(request["Capabilities"]).flatMap(textsOf),
    options: request["Options"],
  });
}
