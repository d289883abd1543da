import { type Facts, listOf, note, noteEach, numberOf, recordOf, textOf } from "./fact.ts";
import { deviceRequest } from "./spelling.ts";

const bytes =
  (name: string) =>
  (facts: Facts, value: unknown): void =>
    note(facts, name, numberOf(value));

/** Limits and reservations, by the old keys and by those of `deploy`, which are one for the engine. */
export const desiredResources: Record<string, (facts: Facts, value: unknown) => void> = {
  blkio_config: (facts, value) => {
    for (const [key, each] of Object.entries(recordOf(value))) note(facts, `blkio_config.${key}`, each);
  },
  cpu_count: bytes("cpu_count"),
  cpu_percent: bytes("cpu_percent"),
  cpu_period: bytes("cpu_period"),
  cpu_quota: bytes("cpu_quota"),
  cpu_rt_period: bytes("cpu_rt_period"),
  cpu_rt_runtime: bytes("cpu_rt_runtime"),
  cpu_shares: bytes("cpu_shares"),
  cpus: (facts, value) => note(facts, "cpus", numberOf(value)),
  cpuset: (facts, value) => note(facts, "cpuset", textOf(value)),
  deploy: (facts, value) => {
    const {
      resources,
      restart_policy: _restart,
      replicas: _,
      placement: _placement,
      mode,
      ...rest
    } = recordOf(value);
    const { limits, reservations } = recordOf(resources);
    const { cpus, memory, pids, ...otherLimits } = recordOf(limits);
    // The engine reserves no processors for a container.
    const { cpus: _cpus, memory: kept, devices, ...otherReservations } = recordOf(reservations);
    note(facts, "cpus", numberOf(cpus));
    note(facts, "mem_limit", numberOf(memory));
    note(facts, "pids_limit", numberOf(pids));
    note(facts, "mem_reservation", numberOf(kept));
    note(facts, "gpus", listOf(devices).map(deviceRequest));
    note(facts, "deploy.mode", mode === "replicated" ? "" : mode);
    for (const [key, each] of Object.entries({ ...otherLimits, ...otherReservations }))
      note(facts, `deploy.${key}`, each);
    // Of services of a swarm only.
    const {
      update_config: _update,
      rollback_config: _rollback,
      endpoint_mode: _endpoint,
      labels: _labels,
      ...unknown
    } = rest;
    for (const [key, each] of Object.entries(unknown)) note(facts, `deploy.${key}`, each);
  },
  mem_limit: bytes("mem_limit"),
  mem_reservation: bytes("mem_reservation"),
  mem_swappiness: bytes("mem_swappiness"),
  memswap_limit: bytes("memswap_limit"),
  oom_kill_disable: (facts, value) => note(facts, "oom_kill_disable", value),
  oom_score_adj: bytes("oom_score_adj"),
  pids_limit: (facts, value) => note(facts, "pids_limit", Math.max(0, numberOf(value))),
  shm_size: bytes("shm_size"),
  ulimits: (facts, value) => {
    const limits = Object.entries(recordOf(value)).map(([name, limit]): [string, string] => {
      const { soft, hard } = typeof limit === "number" ? { soft: limit, hard: limit } : recordOf(limit);
      return [name, `${numberOf(soft)}:${numberOf(hard)}`];
    });
    noteEach(facts, "ulimits", limits);
  },
};
