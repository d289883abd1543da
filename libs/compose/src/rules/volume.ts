import { isOff, isOneOf, type Rule, unless } from "../rule.ts";

/** K1410: volumes are the engine's own, made and kept by Keelson. */
export const volumeRules: readonly Rule[] = [
  {
    at: "volumes.*.driver",
    code: "K1410",
    refuse: unless(isOneOf("local"), "the volume driver {value} is not the engine's own"),
    hint: "Leave driver out.",
  },
  {
    at: "volumes.*.driver_opts.*",
    code: "K1410",
    // With type, o and device the local driver mounts anything of the host or of the network.
    refuse: ({ key }) =>
      key === "size" ? null : `the driver option ${key} can make the volume a folder of the host`,
    hint: "Leave driver_opts out; rendered files are bound, data lives in plain volumes.",
  },
  {
    at: "volumes.*.external",
    code: "K1410",
    refuse: unless(isOff, "an external volume belongs to someone else"),
    hint: "Leave external out; Keelson makes the volume and keeps it when the instance is removed.",
  },
];
