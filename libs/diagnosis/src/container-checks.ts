import { connectEngine, findHostPath } from "@keelson/engine";
import { KeelsonError } from "@keelson/model";

import { type ExaminedNode, engineTimeoutMs } from "./examined-node.ts";
import { type Verdict, attempt, failed, failure, ok, skipped } from "./verdict.ts";

/** The engine takes the paths of mounts as its own machine's: in a container they must be the same inside and outside. */
export async function examineStatePath(node: ExaminedNode): Promise<Verdict> {
  const { stateDir, dockerHost } = node;
  if ((await node.engine) instanceof KeelsonError) return skipped("the engine does not answer");
  const engine = connectEngine({
    ...(dockerHost === undefined ? {} : { dockerHost }),
    timeoutMs: engineTimeoutMs,
  });
  const hostPath = await attempt(async () => findHostPath(engine, stateDir));
  if (hostPath instanceof KeelsonError) return failed(hostPath);
  if (hostPath === stateDir) return ok(`${stateDir} is the same for the engine`);
  const found =
    hostPath === null
      ? `${stateDir} is inside this container only, where the engine cannot find it`
      : `${stateDir} is ${hostPath} for the engine`;
  return failure(found, "Mount a folder of the host at its own path, and name that path in stateDir.");
}
