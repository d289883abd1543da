import { type Cause, type DesiredFile, ownOf } from "@keelson/model";

import { findBlockedFolders } from "./blocked-folder.ts";
import { because, fileCauses } from "./cause.ts";
import {
  type FolderChange,
  type FolderChanges,
  type FolderState,
  boundPath,
  findDropped,
  findFolderStates,
  isAbsent,
  isOwnFile,
  judgeKept,
  resourceOf,
} from "./folder-state.ts";
import type { PlanPolicy } from "./plan-policy.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { wantsContainers } from "./service-change.ts";

/** What is to be done about the data folders of all instances, and what cannot be done. */
export function findFolderChanges(node: SimulatedNode, { allow }: Pick<PlanPolicy, "allow">): FolderChanges {
  const instances = node.desired.instances.filter(wantsContainers);
  const states = new Map(instances.map((each) => [each.name, findFolderStates(each, node)]));
  const blocked = findBlockedFolders([...states.values()].flat(), {
    node,
    mayBeNested: allow === "all" || allow.nested === true,
  });
  const isBlocked = (state: FolderState) => blocked.has(resourceOf(state));
  return {
    blocked,
    instances: new Map(
      [...states].map(([name, all]) => {
        const usable = all.filter((state) => !isBlocked(state));
        const changes = usable.flatMap((state) => findChange(state, node));
        return [name, { usable, blocked: all.filter(isBlocked), changes }];
      }),
    ),
  };
}

function findChange(state: FolderState, node: SimulatedNode): FolderChange[] {
  const { folder } = state;
  const place = folder.files.filter((file) => judgeKept(file, state) === "place");
  const remove = findDropped(state).removed.map(([path, { content }]): [string, string] => [path, content]);
  const causes = [
    ...(isNewFolder(state) ? [because.desired(`data folder ${folder.source} is not there yet`)] : []),
    ...(isAbsent(state) && !isOwnFile(state) && state.known !== undefined
      ? [because.lost(`data folder ${folder.source} is missing`)]
      : []),
    ...place.map((file) => placeCause(file, state)),
    ...remove.map(([path]) => fileCauses.dropped(boundPath(folder, path))),
    ...markCauses(state, node),
  ];
  return causes.length === 0 ? [] : [{ state, place, remove, causes }];
}

/** Nothing was ever seen in its place. */
export function isNewFolder(state: FolderState): boolean {
  return isAbsent(state) && !isOwnFile(state) && state.known === undefined;
}

function placeCause({ to, path }: DesiredFile, { known }: FolderState): Cause {
  return ownOf(known?.placed, path) === undefined ? fileCauses.notPlaced(to) : fileCauses.changed(to);
}

/** By its mark a folder is known again as the one that the record means. */
function markCauses({ found }: FolderState, { observed: { dataDir } }: SimulatedNode): Cause[] {
  const isIn = dataDir !== undefined && found?.path.startsWith(`${dataDir.path}/`) === true;
  return isIn && !dataDir.isMarked ? [because.desired(`${dataDir.path} is not marked yet`)] : [];
}
