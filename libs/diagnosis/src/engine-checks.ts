import { KeelsonError } from "@keelson/model";

import { judgeClock } from "./clock.ts";
import { engineThresholds, judgeSpace } from "./disk-checks.ts";
import type { ExaminedNode } from "./examined-node.ts";
import { type Verdict, failed, failure, ok, skipped } from "./verdict.ts";

const silent = "the engine does not answer";
/** The oldest that Keelson was tried with: Docker 20.10. */
const oldestApi = { major: 1, minor: 41 };

export async function examineEngine(node: ExaminedNode): Promise<Verdict> {
  const engine = await node.engine;
  if (engine instanceof KeelsonError) return failed(engine);
  const { version, apiVersion, storageDriver, cgroup } = engine;
  const more = [
    `API ${apiVersion}`,
    ...(storageDriver === "" ? [] : [`storage ${storageDriver}`]),
    ...(cgroup === "" ? [] : [`cgroup ${cgroup}`]),
  ];
  const found = `${version}, ${more.join(", ")}`;
  const [major = 0, minor = 0] = apiVersion.split(".").map(Number);
  const isTooOld = major < oldestApi.major || (major === oldestApi.major && minor < oldestApi.minor);
  return isTooOld ? failure(`${found}: too old`, "Upgrade the engine to Docker 20.10 or newer.") : ok(found);
}

/** Health checks and logs carry the engine's times, and are compared with ours. */
export async function examineEngineClock(node: ExaminedNode): Promise<Verdict> {
  const engine = await node.engine;
  if (engine instanceof KeelsonError) return skipped(silent);
  if (engine.clockAheadMs === null) return skipped("the engine does not tell its time");
  return judgeClock(engine.clockAheadMs, "the engine's");
}

export async function examineEngineDisk(node: ExaminedNode): Promise<Verdict> {
  const engine = await node.engine;
  if (engine instanceof KeelsonError) return skipped(silent);
  const { rootDir, freeBytes, freeInodes } = engine;
  if (freeBytes === null) return skipped("the engine's folder is not on this file system");
  return judgeSpace({ path: rootDir, freeBytes, freeInodes }, engineThresholds);
}
