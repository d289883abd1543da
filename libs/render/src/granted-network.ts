import { isGranted } from "@keelson/grants";
import type { RenderedNode } from "@keelson/model";

/** Whether the environment permits an instance's package to join a network that somebody else has made. */
export function permitsNetwork(
  { instances }: Pick<RenderedNode, "instances">,
  { instance, name }: { instance: string; name: string },
): boolean {
  const allow = instances.find((each) => each.name === instance)?.compose.allow ?? {};
  return isGranted({ kind: "networks", value: name, service: "" }, allow);
}
