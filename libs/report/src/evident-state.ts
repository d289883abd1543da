import type { InstanceEvidence, PackageState } from "@keelson/model";

/**
 * The state of an instance from what a node knows of it now; null where it knows nothing. `unknown` while the engine cannot be asked:
 * what it has may be anything. `removed`: no revision desires it, and some of it is left.
 */
export function judgeState({
  containers,
  told,
  filesFolder,
  folders,
  volumes,
}: Pick<
  InstanceEvidence,
  "containers" | "told" | "filesFolder" | "folders" | "volumes"
>): PackageState | null {
  const isLeft = filesFolder !== null || folders.length > 0 || volumes.length > 0;
  if (containers === null) return told !== null || isLeft ? "unknown" : null;
  if (told?.state === "released") return "released";
  if (containers.some(({ state }) => state === "running" || state === "restarting")) return "running";
  if (containers.length > 0) return "installed";
  if (told === null || told.state === "removed") return isLeft ? "removed" : null;
  // Without a container, the last round has seen whether the rest is there. Between runs of a job it has none.
  return told.services.some(({ schedule }) => schedule !== undefined) || told.state === "staged"
    ? told.state
    : "absent";
}
