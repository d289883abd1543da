import {
  type Awaited,
  type DesiredNode,
  type ObservedNode,
  type Plan,
  canonicalText,
  resourceIds,
} from "@keelson/model";

import { isSamePort } from "./port-release.ts";

interface Left {
  desired: DesiredNode;
  observed: ObservedNode;
  /** What is left to do, by what was observed. */
  plan: Plan;
}

/** What stands in the way of what is left to do, as far as it can be looked for without a round. */
export function findAwaited(left: Left): Awaited[] {
  const found = [
    ...awaitedPorts(left),
    ...awaitedImages(left),
    ...awaitedNetworks(left),
    ...awaitedVolumes(left),
  ];
  return [...new Map(found.map((each) => [canonicalText(each), each])).values()];
}

function isBlocked(
  { plan }: Left,
  { resource, codes }: { resource: string; codes: readonly string[] },
): boolean {
  return plan.blocked.some((each) => each.resource === resource && codes.includes(each.code));
}

function awaitedPorts(left: Left): Awaited[] {
  const services = left.desired.instances.flatMap(({ project, services: all }) =>
    all.filter(({ name }) =>
      isBlocked(left, { resource: resourceIds.service(project, name), codes: ["K3004"] }),
    ),
  );
  return left.observed.heldPorts
    .filter((held) => services.some(({ ports }) => ports.some((port) => isSamePort(port, held))))
    .map(({ hostIp, port, protocol }) => ({ kind: "port", hostIp, port, protocol }));
}

/** A pull that failed is still to be done. A person may also build or load the image. */
function awaitedImages({ plan }: Left): Awaited[] {
  return plan.operations.flatMap((operation) =>
    operation.kind === "pull-image" ? [{ kind: "image", image: operation.image }] : [],
  );
}

function awaitedNetworks(left: Left): Awaited[] {
  const { networks, heldSubnets, otherMembers = [] } = left.observed;
  const isHeld = (name: string, ...codes: string[]) =>
    isBlocked(left, { resource: resourceIds.network(name), codes });
  return [
    ...networks
      .filter(({ name, ownership }) => ownership !== "ours" && isHeld(name, "K3007", "K3025", "K3026"))
      .map(({ id, name }) => ({ kind: "network", id, name }) as const),
    ...heldSubnets.flatMap(({ network, holderNetwork }) =>
      holderNetwork !== undefined && isHeld(network, "K3024")
        ? [{ kind: "network", ...holderNetwork } as const]
        : [],
    ),
    // The poll of containers sees the others that are in it.
    ...networks
      .filter(({ name }) => isHeld(name, "K3013"))
      .flatMap(({ id, name }) =>
        otherMembers
          .filter(({ networkId }) => networkId === id)
          .map(({ container }) => ({ kind: "member", networkId: id, network: name, container }) as const),
      ),
  ];
}

function awaitedVolumes(left: Left): Awaited[] {
  return left.observed.volumes
    .filter(({ name }) => isBlocked(left, { resource: resourceIds.volume(name), codes: ["K3007", "K3027"] }))
    .map(({ name }) => ({ kind: "volume", name }));
}
