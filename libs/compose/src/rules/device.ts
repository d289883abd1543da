import { isOff, type Rule, unless } from "../rule.ts";

const hint = "Leave it out; packages may not use the host's devices.";

/** K1403: devices of the host. */
export const deviceRules: readonly Rule[] = [
  "services.*.devices",
  "services.*.device_cgroup_rules",
  "services.*.gpus",
  "services.*.deploy.resources.reservations.devices",
  "services.*.deploy.resources.reservations.generic_resources",
  "services.*.blkio_config.device_read_bps",
  "services.*.blkio_config.device_read_iops",
  "services.*.blkio_config.device_write_bps",
  "services.*.blkio_config.device_write_iops",
  "services.*.blkio_config.weight_device",
].map((at) => ({ at, code: "K1403", refuse: unless(isOff, "{key} names devices of the host"), hint }));
