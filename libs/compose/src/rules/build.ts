import { isOff, type Rule, unless } from "../rule.ts";

/** K1405: images are built when a release is made, never on a node. */
export const buildRules: readonly Rule[] = ["services.*.build", "services.*.develop"].map((at) => ({
  at,
  code: "K1405",
  refuse: unless(isOff, "{key} is for a developer's machine; nodes run images and build none"),
  hint: "Build and publish the image, and name it under image.",
}));
