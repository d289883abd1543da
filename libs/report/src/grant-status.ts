import { isRootEquivalent } from "@keelson/grants";
import {
  type Ask,
  type DesiredInstance,
  type GrantStatus,
  type ServiceStatus,
  compareText,
  ownOf,
} from "@keelson/model";

import type { StatusInput } from "./status-input.ts";

interface Seen {
  services: readonly ServiceStatus[];
  isInSync: boolean;
}

/**
 * What the containers of an instance have of the host: by what is desired where they are made of that, and else by what was
 * applied last. So it is told, too, while the node does not permit any more what still runs.
 */
export function listGrants(
  { name, grants }: Pick<DesiredInstance, "name" | "grants">,
  { services, isInSync, ...input }: Seen & Pick<StatusInput, "applied" | "plan" | "remaining">,
): GrantStatus[] {
  const known = ownOf(input.applied?.grants, name) ?? [];
  const ofService = services.flatMap(({ name: service, digest: { want, have } }) => {
    if (have === "") return [];
    return (have === want ? grants : known).filter((ask) => ask.service === service);
  });
  const ofInstance = (isInSync ? grants : known).filter(({ service }) => service === "");
  const planned = (input.remaining ?? input.plan)?.grants ?? [];
  const isRoot = (ask: Ask) =>
    isRootEquivalent(ask) ||
    planned.some((each) => each.instance === name && each.isRoot && isSame(each, ask));
  return [...ofInstance, ...ofService]
    .map((ask) => ({
      service: ask.service,
      kind: ask.kind,
      value: ask.value,
      ...(ask.readOnly === true ? { readOnly: true } : {}),
      ...(isRoot(ask) ? { root: true as const } : {}),
    }))
    .sort((a, b) => compareText(keyOf(a), keyOf(b)));
}

function isSame(a: Ask, b: Ask): boolean {
  return keyOf(a) === keyOf(b);
}

function keyOf({ service, kind, value }: Pick<GrantStatus, "service" | "kind" | "value">): string {
  return [service, kind, value].join("\n");
}
