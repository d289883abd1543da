import { type ChangeClass, type DesiredFile, ownOf } from "@keelson/model";

import { hasProcess } from "./container-state.ts";
import { isNewFolder } from "./folder-change.ts";
import { type FolderChange, resourceOf } from "./folder-state.ts";
import type { InstanceContext } from "./instance-context.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { keys } from "./operation-key.ts";

/** Kept files that a running container sees are changed only when everything is staged. */
export function planFolders({ change, staging, providers }: InstanceContext): PlannedOperation[] {
  const { instance, services, folders } = change;
  return folders.changes.flatMap(({ state, place, remove, causes }) => {
    const { folder, found } = state;
    const users = folder.services.map((name) => services.get(name));
    if (users.length > 0 && users.every((user) => user?.isBlocked)) return [];
    const isSeen =
      place.length + remove.length > 0 && users.some((user) => user?.containers.kept.some(hasProcess));
    return [
      {
        key: keys.folder(instance.project, folder.source),
        operation: {
          kind: "keep-folder",
          resource: resourceOf(state),
          instance: instance.name,
          folder,
          ...(instance.was === undefined ? {} : { was: instance.was }),
          ...(isNewFolder(state) ? { isNew: true as const } : {}),
          place: Object.fromEntries(
            place.map(({ path }) => [path, ownOf(found?.files, path)?.contentDigest ?? null]),
          ),
          remove: Object.fromEntries(remove),
          causes,
          class: isSeen ? changeClass({ place, remove }) : "live",
        },
        after: isSeen ? [...staging, ...providers] : [],
      },
    ];
  });
}

function changeClass({ place, remove }: Pick<FolderChange, "place" | "remove">): ChangeClass {
  const isQuiet = ({ onChange }: DesiredFile) => onChange === "none" || onChange === "seed";
  const isRestart = ({ onChange }: DesiredFile) => onChange === "restart" || onChange === "recreate";
  if (remove.length > 0 || place.some(isRestart)) return "restart";
  return place.every(isQuiet) ? "live" : "reload";
}
