import { type ObservedHost, quote } from "@keelson/model";

import { type BoundPath, leadsThrough, mayBeNested } from "./bound-path.ts";
import { isWrittenInEngine } from "./engine-folder.ts";
import { type NodeAllowance, isBelow } from "./host-path.ts";
import type { PathFault } from "./path-refusal.ts";

interface NestingContext {
  /** All that the desired state binds. */
  bounds: readonly BoundPath[];
  allow: NodeAllowance;
  host: ObservedHost;
}

/**
 * Whether a bind leads through a folder that a container can write, by what is desired. The container could put a link to
 * the host's root there, and the engine would follow it at the next start.
 */
export function isNested(bound: BoundPath, context: NestingContext): boolean {
  return findWriter(bound, context) !== null;
}

/** Why a bind may not stand beside the others, unless the node permits just that; null when it may. */
export function findNestingFault(bound: BoundPath, context: NestingContext): PathFault | null {
  return findInnerFault(bound, context) ?? findOuterFault(bound, context);
}

function findInnerFault(bound: BoundPath, context: NestingContext): PathFault | null {
  const writer = mayBeNested(bound, context) ? null : findWriter(bound, context);
  return writer === null ? null : fault(`${bound.path} lies in ${writer}`);
}

/** Also who would open such a way to what another service binds is refused. */
function findOuterFault(bound: BoundPath, { bounds, ...context }: NestingContext): PathFault | null {
  const { path, real } = bound;
  if (!bound.isWritable || real === null) return null;
  const inner = bounds.find(
    (each) => !isOfSameService(each, bound) && leadsThrough(each, real) && !mayBeNested(each, context),
  );
  if (inner !== undefined)
    return fault(`${path} is to be writable and holds ${inner.path}, which ${ownerOf(inner)} binds`);
  const data = context.host.dataFolders.find((each) => each === real || isBelow(each, real));
  if (data === undefined || mayBeNested(bound, context)) return null;
  return fault(`${path} is to be writable and holds ${data}, where instances have their data folders`);
}

/** What can write the folder that leads to it, in words. */
function findWriter(bound: BoundPath, { bounds, host }: NestingContext): string | null {
  const outer = bounds.find(
    (each) => each.isWritable && each.real !== null && leadsThrough(bound, each.real),
  );
  if (outer !== undefined) return `${outer.path}, which ${ownerOf(outer)} can write`;
  const data = host.dataFolders.find((each) => leadsThrough(bound, each));
  if (data !== undefined) return `${data}, where containers write their data folders`;
  const ways = [...(bound.real === null ? [] : [bound.real]), ...bound.links];
  return ways.some((each) => isWrittenInEngine(each, host))
    ? "the engine's folders, which containers can write"
    : null;
}

function isOfSameService(a: BoundPath, b: BoundPath): boolean {
  return a.instance.name === b.instance.name && a.ask.service === b.ask.service;
}

function ownerOf({ instance, ask }: BoundPath): string {
  return ask.service === "" ? `instance ${quote(instance.name)}` : `${instance.project}/${ask.service}`;
}

function fault(message: string): PathFault {
  return {
    code: "K3064",
    message: `${message}: a link there could lead the bind anywhere on the host`,
    hint: "Bind the same folder in both services, or only folders beside each other. Or put `nested: true` beside the path in agent.yaml: whoever writes there is then root on this node.",
    outcome: "stalled",
  };
}
