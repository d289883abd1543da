import { type DesiredNode, type DesiredService, digestValue } from "@keelson/model";

/** The same desired state as a version would have it in whose digests something more counts. */
export function withNewAlgorithm(desired: DesiredNode, hostname = "as it was"): DesiredNode {
  return mapServices(desired, (service) => {
    const [{ parts: before }] = service.digests;
    const parts = { ...before, hostname };
    return {
      ...service,
      digests: [{ algorithm: "v2", digest: digestValue(parts), parts }, ...service.digests],
    };
  });
}

/** As a version that has dropped all older algorithms. */
export function withNewestOnly(desired: DesiredNode): DesiredNode {
  return mapServices(desired, ({ digests: [newest], ...service }) => ({ ...service, digests: [newest] }));
}

function mapServices(desired: DesiredNode, change: (service: DesiredService) => DesiredService): DesiredNode {
  const instances = desired.instances.map((instance) => ({
    ...instance,
    services: instance.services.map(change),
  }));
  return { ...desired, instances };
}
