export { asksOf } from "./asks.ts";
export { hostPathOf, isGranted, isPermitted, permittedPaths, withNames } from "./granted.ts";
export { type GrantLines, describeAsk, linesFor, nodeLineFor } from "./lines.ts";
export { type UnusedGrant, findUnused, grantsFor } from "./policy.ts";
export type { HostReach } from "./host-reach.ts";
export { type Reached, findReached, hostReaches } from "./reach.ts";
export { readVolumeOptions } from "./volume-options.ts";
export { remoteLoggingOptions } from "./logging.ts";
export { isRootEquivalent } from "./root-equivalent.ts";
