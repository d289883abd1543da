import type { BlockedChange } from "@keelson/model";

import { type FolderState, isAbsent, isOwnFile, judgeKept, resourceOf } from "./folder-state.ts";
import { usersSeen } from "./known-folder.ts";
import { findLeftFolders } from "./left-folder.ts";
import { barePlace, emptyFolder, lostFolder, unmountedFolder } from "./folder-loss-text.ts";
import { isRenewed } from "./renewed.ts";
import type { SimulatedNode } from "./simulated-node.ts";

interface FolderContext {
  node: SimulatedNode;
  /** Whether the node permits data folders that lie in what a container can write. */
  mayBeNested: boolean;
}

/** By resource id, data folders that are not made, and that nothing comes up with: the first reason of each. */
export function findBlockedFolders(
  states: readonly FolderState[],
  { node, mayBeNested }: FolderContext,
): Map<string, BlockedChange> {
  const left = new Map(
    findLeftFolders(node)
      .filter(({ instance }) => !isRenewed(instance, node.record))
      .map((each) => [resourceOf(each.state), emptyFolder(each, node)]),
  );
  return new Map(
    states.flatMap((state): [string, BlockedChange][] => {
      const blocked =
        unusableFolder(state) ??
        goneFolder(state, node) ??
        left.get(resourceOf(state)) ??
        sharedFolder(state, states) ??
        missingFile(state) ??
        contestedFile(state) ??
        (mayBeNested ? null : nestedFolder(state, states));
      return blocked === null ? [] : [[resourceOf(state), blocked]];
    }),
  );
}

/** Whether what ran with a data folder may not be started again with it: it is not what it is to be, or may lead elsewhere. */
export function isUnsafe({ code }: BlockedChange): boolean {
  return code === "K3064" || code === "K3072" || code === "K3073";
}

function unusableFolder(state: FolderState): BlockedChange | null {
  const { folder, found } = state;
  if (found === undefined) return null;
  const resource = resourceOf(state);
  if (found.fault !== null) return { resource, ...found.fault };
  const isFolder = found.state === "empty" || found.state === "filled";
  const isWrong =
    found.state === "other" ||
    (folder.kind === "file" && isFolder) ||
    (folder.kind === "folder" && found.state === "file" && folder.files.length > 0);
  if (!isWrong) return null;
  return {
    resource,
    code: "K3072",
    message: `${found.path} is not the ${folder.kind} that ${folder.source} is to be`,
    hint: `Look at it (ls -ld ${found.path}), and move it away. Links are not followed: where the data lies elsewhere, name that place under dataFolders in agent.yaml.`,
    outcome: "stalled",
  };
}

/** What is not there, or has nothing in it, and had something. */
function goneFolder(state: FolderState, node: SimulatedNode): BlockedChange | null {
  const { instance, found, known } = state;
  const isEmpty = found?.state === "empty";
  if (found === undefined || !(isAbsent(state) || isEmpty) || isRenewed(instance, node.record)) return null;
  if (isUnmounted(found.path, node)) return unmountedFolder(state, node);
  const place = known === undefined ? findBarePlace(state, node) : null;
  if (place !== null) return barePlace(state, { node, place });
  const isLost = isEmpty
    ? known?.wasFilled === true
    : (known?.users.length ?? 0) > 0 || usersSeen(state, node).length > 0;
  return isLost ? lostFolder(state, node) : null;
}

/** Whether the disk with the data of this node seems not to be there: the record knows data on it, and it is not marked. */
function isUnmounted(path: string, { observed: { dataDir }, record }: SimulatedNode): boolean {
  if (dataDir === undefined || dataDir.isMarked) return false;
  const isOnIt = (each: string) => each.startsWith(`${dataDir.path}/`);
  return isOnIt(path) && Object.keys(record.folders ?? {}).some(isOnIt);
}

/**
 * The folder that agent.yaml names for an instance, where the record knows data in it and there is none: its disk may not be
 * mounted. Keelson puts no mark there. Null for any other.
 */
function findBarePlace(
  { folder: { source }, found }: FolderState,
  { observed: { dataDir, dataFolders = [] }, record }: SimulatedNode,
): string | null {
  const path = found?.path ?? "";
  if (dataDir === undefined || path.startsWith(`${dataDir.path}/`)) return null;
  const place = source === "." ? path : path.slice(0, -source.length - 1);
  const stateOf = (of: string) => dataFolders.find((each) => each.path === of)?.state ?? "absent";
  const had = Object.entries(record.folders ?? {})
    .filter(([of, known]) => known.wasFilled && known.state === "used" && of.startsWith(`${place}/`))
    .map(([of]) => stateOf(of));
  const isBare = had.length > 0 && had.every((each) => each === "absent" || each === "empty");
  return isBare ? place : null;
}

/** One that another instance is to have, too; whoever has run with it keeps it. */
function sharedFolder(state: FolderState, all: readonly FolderState[]): BlockedChange | null {
  const path = state.found?.path;
  const sharing = all.filter(({ found }) => found !== undefined && found.path === path);
  const owner = sharing.find(({ instance, known }) => known?.instance === instance.name) ?? sharing[0];
  if (owner === undefined || owner.instance === state.instance) return null;
  return {
    resource: resourceOf(state),
    code: "K1435",
    message: `${state.folder.source} of ${state.instance.name} and ${owner.folder.source} of ${owner.instance.name} would both be ${path}`,
    hint: "One of them is so by its `was` in environment.yaml or by dataFolders in agent.yaml: take that away.",
    outcome: "stalled",
  };
}

function missingFile(state: FolderState): BlockedChange | null {
  const { folder, found } = state;
  if (!isOwnFile(state) || found === undefined || !isAbsent(state)) return null;
  return {
    resource: resourceOf(state),
    code: "K3073",
    message: `${folder.source} is not committed, and the node does not have it: ${found.path}`,
    hint: "Put the file there, readable for root only where it holds a secret.",
    outcome: "stalled",
  };
}

function contestedFile(state: FolderState): BlockedChange | null {
  const { folder, found } = state;
  const contested = folder.files.filter((file) => judgeKept(file, state) === "contested");
  const [first] = contested;
  if (found === undefined || first === undefined) return null;
  const path = folder.kind === "file" ? found.path : `${found.path}/${first.path}`;
  const more = contested.length === 1 ? "" : ` (${contested.length - 1} more are like it)`;
  return {
    resource: resourceOf(state),
    code: "K3070",
    message: `the commit has another ${first.to} than ${path}, which Keelson did not place like that; it is not overwritten${more}`,
    hint: `To take the commit's: mv ${path} ${path}.before. To keep the node's: commit its content.`,
    outcome: "stalled",
  };
}

/** A container that can write the outer folder can put a link in the place of the inner one, and the engine would follow it. */
function nestedFolder(state: FolderState, all: readonly FolderState[]): BlockedChange | null {
  const outer = all.find((each) => each.folder.writers.length > 0 && isInside(state, each));
  if (outer === undefined) return null;
  const { instance, folder } = outer;
  return {
    resource: resourceOf(state),
    code: "K3064",
    message: `${state.folder.source} lies in ${folder.source} of ${instance.name}, where ${folder.writers.join(" and ")} may write: a link put in its place would lead the engine anywhere`,
    hint: "Bind one of the two, or let them lie side by side. A node permits it with `allow: { nested: true }` in agent.yaml: whoever writes there is root on the node.",
    outcome: "stalled",
  };
}

/** By their paths on the node, which are not known before something is there, and by what one instance binds. */
function isInside(inner: FolderState, outer: FolderState): boolean {
  const isIn = (path: string, folder: string) => path.startsWith(`${folder}/`);
  if (inner.instance === outer.instance)
    return outer.folder.source === "." ? inner !== outer : isIn(inner.folder.source, outer.folder.source);
  return inner.found !== undefined && outer.found !== undefined && isIn(inner.found.path, outer.found.path);
}
