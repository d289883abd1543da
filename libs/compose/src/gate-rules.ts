import { hostReaches } from "@keelson/grants";

import type { Rule } from "./rule.ts";
import { addressRules } from "./rules/address.ts";
import { deviceRules } from "./rules/device.ts";
import { environmentRules } from "./rules/environment.ts";
import { imageRules } from "./rules/image.ts";
import { knownKeyRules } from "./rules/known-keys.ts";
import { loggingRules } from "./rules/logging.ts";
import { mountRules } from "./rules/mount.ts";
import { nameRules } from "./rules/name.ts";
import { namespaceRules } from "./rules/namespace.ts";
import { networkRules } from "./rules/network.ts";
import { policyRules } from "./rules/policy.ts";
import { privilegeRules } from "./rules/privilege.ts";
import { programRules } from "./rules/program.ts";
import { restartRules } from "./rules/restart.ts";
import { secretRules } from "./rules/secret.ts";
import { volumeRules } from "./rules/volume.ts";
import { waitRules } from "./rules/wait.ts";

const judgingRules: readonly Rule[] = [
  ...privilegeRules,
  ...namespaceRules,
  ...deviceRules,
  ...mountRules,
  ...loggingRules,
  ...imageRules,
  ...programRules,
  ...environmentRules,
  ...volumeRules,
  ...nameRules,
  ...secretRules,
  ...networkRules,
  ...addressRules,
  ...policyRules,
  ...waitRules,
  ...restartRules,
];

/** What nothing can permit; what a grant can is in `ungranted`, which files take part in `participants`, variables in `variables`. */
export const gateRules: readonly Rule[] = [
  ...judgingRules,
  ...knownKeyRules([...judgingRules, ...hostReaches].map(({ at }) => at)),
];
