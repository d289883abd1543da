import type { DesiredMount } from "@keelson/model";

import type { DiskSteps } from "./halting-process.ts";
import { type FileTexts, contextOf, mountOf, placing } from "./mount-fixture.ts";
import { placeFiles } from "./placed-files.ts";

const secret = (text: string) => ({ text: `${text} SECRET`, mode: 0o400, secrets: ["pryv.key"] });
const mountsOf = (files: FileTexts): DesiredMount[] => [
  mountOf("content", { files }),
  mountOf("live", { source: "live", files }),
  mountOf("data", { source: "data", files }),
];
const placeAll = async (stateDir: string, files: FileTexts) => {
  for (const mount of mountsOf(files)) await placeFiles(contextOf(stateDir), placing(mount));
};

/** Files of all three layouts, which are then replaced by others. */
export const before: DiskSteps["before"] = async (stateDir) =>
  placeAll(stateDir, { "a.conf": "old", "k.conf": secret("old"), "same.conf": "same", "gone/d.conf": "old" });
export const after: DiskSteps["after"] = async (stateDir) =>
  placeAll(stateDir, { "a.conf": "new", "k.conf": secret("new"), "same.conf": "same", "sub/c.conf": "new" });
