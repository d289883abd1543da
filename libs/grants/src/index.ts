export { type PlacedAsk, asksOf, findAsks, findReachedByNetwork, namedSubnets } from "./asks.ts";
export {
  hostPathOf,
  isGranted,
  isPermitted,
  isWritableIn,
  namesIn,
  pathsFor,
  permittedPaths,
  withNames,
} from "./granted.ts";
export { type GrantLines, describeAsk, linesFor, nodeLineFor } from "./lines.ts";
export { leastGrants, leastPermits } from "./least.ts";
export { type UnusedGrant, findGrant, findPermit, findUnused, grantsFor } from "./policy.ts";
export type { HostReach } from "./host-reach.ts";
export { type Reached, findReached, hostReaches } from "./reach.ts";
export { isDeviceRule } from "./device.ts";
export { joinedContainer } from "./namespace.ts";
export { readNetworkDriver } from "./network-driver.ts";
export { isPluginName } from "./plugin.ts";
export { driverOf, isLocalDriver } from "./volume.ts";
export { readVolumeOptions } from "./volume-options.ts";
export { remoteLoggingOptions } from "./logging.ts";
export { isRootEquivalent } from "./root-equivalent.ts";
export { type UnusedPermit, findUnusedPermits } from "./unused-permit.ts";
export { type PathUse, findPathUses } from "./path-use.ts";
