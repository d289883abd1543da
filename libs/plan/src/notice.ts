import {
  type Notice,
  type ObservedContainer,
  type ObservedNode,
  compareText,
  resourceIds,
} from "@keelson/model";

/** Things seen that are never touched: another's containers in our projects, copies of our labels. */
export function findNotices(observed: ObservedNode): Notice[] {
  return observed.containers
    .filter(({ ownership }) => ownership !== "ours")
    .map((container) => ({ resource: resourceIds.container(container.name), ...noticeOf(container) }))
    .sort((a, b) => compareText(a.resource, b.resource));
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
