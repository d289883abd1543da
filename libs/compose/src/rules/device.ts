import { isDeviceRule } from "@keelson/grants";
import { isJsonObject } from "@keelson/model";

import { isOff, type Rule, afterVariables, shown, unless } from "../rule.ts";

/** K1403: devices of the host that no grant can name. */
export const deviceRules: readonly Rule[] = [
  {
    at: "services.*.devices.*?",
    code: "K1403",
    refuse: afterVariables(({ value }) => {
      const source = shown(isJsonObject(value) ? value["source"] : value);
      return source.startsWith("/") || /^[\w.-]+\/gpu=/.test(source)
        ? null
        : `${source} is not the path of a device of the host`;
    }),
    hint: "Write an absolute path, such as /dev/dri, or the name of a graphics processor, such as nvidia.com/gpu=0.",
  },
  {
    at: "services.*.device_cgroup_rules.*?",
    code: "K1403",
    refuse: afterVariables(({ value }) =>
      typeof value === "string" && isDeviceRule(value) ? null : `${shown(value)} is not a rule for devices`,
    ),
    hint: "Write kind, numbers and rights with one space between, such as c 188:* rwm.",
  },
  ...[
    "services.*.deploy.resources.reservations.generic_resources",
    "services.*.blkio_config.device_read_bps",
    "services.*.blkio_config.device_read_iops",
    "services.*.blkio_config.device_write_bps",
    "services.*.blkio_config.device_write_iops",
    "services.*.blkio_config.weight_device",
  ].map((at) => ({
    at,
    code: "K1403",
    refuse: unless(isOff, "{key} names devices of the host otherwise than by their path"),
    hint: "Leave it out, and name devices by their path under devices: an environment and a node can permit these.",
  })),
];
