import {
  type DesiredNode,
  type Notice,
  type ObservedContainer,
  type ObservedNode,
  compareText,
  projectOf,
  resourceIds,
} from "@keelson/model";

import { findAbandoned, findUses } from "./file-collection.ts";

/**
 * Things seen that are never touched: another's containers in our projects, copies of our labels, and what others bind of
 * an instance that is gone.
 */
export function findNotices(desired: DesiredNode, observed: ObservedNode): Notice[] {
  const others = observed.containers.filter(({ ownership }) => ownership !== "ours");
  return [
    ...others.map((each) => ({ resource: resourceIds.container(each.name), ...noticeOf(each) })),
    ...findAbandoned(desired, observed).flatMap((stored): Notice[] => {
      const [path] = findUses(stored, { staying: others, observed });
      if (path === undefined) return [];
      const message = `instance ${stored.instance} is no longer desired, and its files stay, with any secrets in them: a container that is not Keelson's binds ${path}`;
      const project = projectOf(desired.environment, stored.instance);
      return [{ resource: resourceIds.files(project, ""), code: "K5008", message }];
    }),
  ].sort((a, b) => compareText(a.resource, b.resource));
}

function noticeOf({ name, ownership, project }: ObservedContainer): Pick<Notice, "code" | "message"> {
  if (ownership === "forged") {
    return {
      code: "K3022",
      message: `container ${name} carries labels of Keelson that this node did not give it; it is left alone`,
    };
  }
  if (ownership === "unproven") {
    return {
      code: "K3025",
      message: `nothing that is left shows that this node made container ${name}; it is left alone`,
    };
  }
  const place = project === "" ? "is not" : `is in the project ${project} and not`;
  return { code: "K3020", message: `container ${name} ${place} Keelson's; it is left alone` };
}
