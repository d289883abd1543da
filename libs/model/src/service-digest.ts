import type { DesiredNode, DesiredService } from "./desired.ts";
import { runsLockedImage } from "./locked-image.ts";
import type { ObservedContainer } from "./observed-engine.ts";
import type { AcceptedDigest, RecordState } from "./record.ts";

/** As far as it is compared with a service. */
type Compared = Pick<ObservedContainer, "digest" | "accepted" | "imageId" | "imageDigests">;

/**
 * Whether a container was made of what is desired: of its service, and of the image that it is locked to, by whatever reference
 * it was made.
 */
export function isInSync(container: Compared, service: DesiredService): boolean {
  return hasServiceDigest(container, service) && runsLockedImage(container, service);
}

/**
 * Whether a container has the digest that is desired: by what the record accepts it for, which was noted after its label was
 * made; where that is nothing, or of an algorithm that nobody knows, by its label under any algorithm that is known. Service
 * digests are compared here and nowhere else.
 */
function hasServiceDigest({ digest: label, accepted }: Compared, { digests }: DesiredService): boolean {
  const desired = digests.find(({ algorithm }) => algorithm === accepted?.algorithm);
  if (desired !== undefined) return accepted?.digest === desired.digest;
  return digests.some(({ digest }) => digest === label);
}

/** The containers as they were observed, each with what the record accepts it for. */
export function withAccepted(
  containers: readonly ObservedContainer[],
  record: RecordState,
): ObservedContainer[] {
  return containers.map((container) => {
    const accepted = record.accepted[container.id];
    return accepted === undefined ? container : { ...container, accepted };
  });
}

/**
 * What the record has to accept, by container, so that an older algorithm can be dropped: what is in sync, and not by
 * the newest one. Nothing where that is accepted already.
 */
export function findAcceptances(
  { instances }: DesiredNode,
  own: readonly ObservedContainer[],
): RecordState["accepted"] {
  const services = instances.flatMap(({ project, services }) =>
    services.map((service) => [`${project}/${service.name}`, service] as const),
  );
  const byName = new Map(services);
  const accepted = own.flatMap((container): [string, AcceptedDigest][] => {
    const service = byName.get(`${container.project}/${container.service}`);
    if (service === undefined || !isInSync(container, service)) return [];
    const [{ algorithm, digest }] = service.digests;
    const { accepted } = container;
    const isKnown = accepted === undefined ? container.digest === digest : accepted.algorithm === algorithm;
    return isKnown ? [] : [[container.id, { algorithm, digest }]];
  });
  return Object.fromEntries(accepted);
}
