import { readVolumeOptions } from "@keelson/grants";

import { isOneOf, type Rule, afterVariables, unless } from "../rule.ts";

/** K1410: volumes are the engine's own. What they mount from elsewhere, and those of others, need a grant. */
export const volumeRules: readonly Rule[] = [
  {
    at: "volumes.*.driver",
    code: "K1410",
    refuse: afterVariables(unless(isOneOf("local"), "the volume driver {value} is not the engine's own")),
    hint: "Leave driver out.",
  },
  {
    at: "volumes.*.driver_opts",
    code: "K1410",
    refuse: afterVariables(({ value }) => readVolumeOptions(value).fault),
    hint: "With a grant, driver_opts may mount nfs, cifs, and paths of the host (type: none, o: bind); tmpfs is free.",
  },
];
