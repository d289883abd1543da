import { driverOf, isLocalDriver, isPluginName, readVolumeOptions } from "@keelson/grants";

import { type Rule, afterVariables, shown } from "../rule.ts";

/** K1410: volumes are the engine's own. What they mount from elsewhere, and those of others, need a grant. */
export const volumeRules: readonly Rule[] = [
  {
    at: "volumes.*.driver",
    code: "K1410",
    refuse: afterVariables(({ value }) =>
      typeof value === "string" && isPluginName(value)
        ? null
        : `the volume driver ${shown(value)} is not the name of a plugin`,
    ),
    hint: "Leave driver out. With a grant, it may be a plugin of the engine.",
  },
  {
    at: "volumes.*.driver_opts",
    code: "K1410",
    // What the options of a plugin mean only that knows: who permits it permits all of them.
    refuse: afterVariables(({ value, parent }) =>
      isLocalDriver(driverOf(parent)) ? readVolumeOptions(value).fault : null,
    ),
    hint: "With a grant, driver_opts may mount nfs, cifs, and paths of the host (type: none, o: bind); tmpfs is free.",
  },
];
