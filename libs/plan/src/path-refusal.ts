import type { BlockedChange, ObservedHost } from "@keelson/model";

import { type BoundPath, findPermits, isNamedByPermit, isWritingPermitted } from "./bound-path.ts";
import { isInEngine, isVolumeData } from "./engine-folder.ts";
import { type NodeAllowance, findPath, isWithin } from "./host-path.ts";

export type PathFault = Omit<BlockedChange, "resource">;

interface PathContext {
  allow: NodeAllowance;
  host: ObservedHost;
}

/** Whether agent.yaml says anything of a bound path, also of one that is not there. */
export function isPathNamed(bound: BoundPath, { allow, host }: PathContext): boolean {
  return allow === "all" || isNamedByPermit(bound, allow) || findPermits(bound, { allow, host }).length > 0;
}

/** Why a path that agent.yaml names cannot be bound; null when it can. What else is bound does not count here. */
export function findPathFault(bound: BoundPath, context: PathContext): PathFault | null {
  return (
    findAbsence(bound, context) ??
    findExcess(bound, context) ??
    findOwnFault(bound, context) ??
    findEngineFault(bound, context)
  );
}

function findAbsence({ path }: BoundPath, { host }: PathContext): PathFault | null {
  const { real, fault } = findPath(path, host);
  if (fault !== "")
    return {
      code: "K3063",
      message: `${path} could not be seen: ${fault}`,
      hint: "Let root read every folder on the way there. What cannot be seen is not bound.",
    };
  if (real !== null) return null;
  return {
    code: "K3062",
    message: `there is no ${path} on this node`,
    hint: "Make it or mount it, with the owner that the program needs. Keelson makes no folders of the host.",
  };
}

function findExcess(bound: BoundPath, { allow, host }: PathContext): PathFault | null {
  if (allow === "all") return null;
  const { path, real } = bound;
  const permits = findPermits(bound, { allow, host });
  if (permits.length === 0)
    return {
      code: "K3061",
      message: `${path} leads to ${real}, outside of what this node permits`,
      hint: "Remove the link on the way there, or permit the path to which it leads in `allow.paths` of agent.yaml.",
      outcome: "stalled",
    };
  if (!bound.isWritable || isWritingPermitted(bound, { permits, allow, host })) return null;
  return {
    code: "K3061",
    message: `${path} is to be writable, and this node permits it read-only`,
    hint: "Bind it read-only, or take `readOnly: true` from the path in agent.yaml.",
    outcome: "stalled",
  };
}

/** Kernel interfaces: who writes there is root on the node. */
const kernelFolders = ["/proc", "/sys"];

/** Nothing permits these: with them a container would decide what Keelson does, or what the kernel does. */
function findOwnFault(bound: BoundPath, { host }: PathContext): PathFault | null {
  const { path, real } = bound;
  if (real === null) return null;
  const refused = (because: string, hint: string): PathFault => ({
    code: "K3065",
    message: `${path} ${because}`,
    hint,
    outcome: "stalled",
  });
  if (isWithin(real, host.stateDir) || host.ownFiles.includes(real))
    return refused("is Keelson's own, and no container gets it", "Bind another path.");
  if (!bound.isWritable) return null;
  const readOnly = "Bind it read-only, or bind only the folder below it that is needed.";
  const own = [host.stateDir, ...host.ownFiles].find((each) => isWithin(each, real));
  if (own !== undefined) return refused(`holds ${own}, which no container may write`, readOnly);
  const isKernel = real === "/dev" || kernelFolders.some((folder) => isWithin(real, folder));
  return isKernel ? refused("is the kernel's, and no container may write there", readOnly) : null;
}

/** What is as good as the engine's socket, and what shows Keelson's keys. */
function findEngineFault(bound: BoundPath, { allow, host }: PathContext): PathFault | null {
  const { path, real } = bound;
  if (allow === "all" || allow.engineSocket === true || real === null) return null;
  const held = [...host.engineSockets, host.engineRoot, host.stateDir, ...host.ownFiles].find(
    (each) => each !== "" && isWithin(each, real),
  );
  const isEnginesOwn = bound.isWritable && isInEngine(real, host) && !isVolumeData(real, host);
  if (held === undefined && !isEnginesOwn) return null;
  return {
    code: "K3066",
    message: `${path} ${held === undefined ? "is the engine's own" : `holds ${held}`}: with it a container is root on this node`,
    hint: "Bind only what is needed, or put `engineSocket: true` into `allow` of agent.yaml.",
    outcome: "stalled",
  };
}
