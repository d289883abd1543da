import {
  type Notice,
  type ObservedContainer,
  type ObservedNode,
  compareText,
  resourceIds,
} from "@keelson/model";

/** Things seen that are never touched: another's containers in our projects, copies of our labels. */
export function findNotices(observed: ObservedNode, copies: ReadonlySet<string>): Notice[] {
  return observed.containers
    .filter(({ id, ownership }) => ownership !== "ours" || copies.has(id))
    .map((container) => ({ resource: resourceIds.container(container.name), ...noticeOf(container, copies) }))
    .sort((a, b) => compareText(a.resource, b.resource));
}

function noticeOf(
  { id, name, ownership, project }: ObservedContainer,
  copies: ReadonlySet<string>,
): Pick<Notice, "code" | "message"> {
  if (ownership === "forged" || copies.has(id)) {
    return {
      code: "K3022",
      message: `container ${name} carries labels of Keelson that this node did not give it; it is left alone`,
    };
  }
  const place = project === "" ? "is not" : `is in the project ${project} and not`;
  return { code: "K3020", message: `container ${name} ${place} Keelson's; it is left alone` };
}
