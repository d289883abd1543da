import {
  type DesiredNode,
  type ObservedNode,
  type RecordState,
  subnetsOf,
  withAccepted,
} from "@keelson/model";

import type { EngineRequest, ReadPorts } from "./ports.ts";

/**
 * Observes what the node has of all that is desired. Throws when the node cannot be read: unknown is never absent.
 * Files that cannot be read are a fault of their instance, and no error.
 */
export async function observeNode(
  desired: DesiredNode,
  ports: Pick<ReadPorts, "observeEngine" | "observeStore" | "record">,
): Promise<ObservedNode> {
  const record = ports.record.readState();
  const [engine, store] = await Promise.all([
    ports.observeEngine(requestFor(desired, record)),
    ports.observeStore(desired),
  ]);
  return { ...engine, ...store, containers: withAccepted(engine.containers, record) };
}

function requestFor({ environment, instances }: DesiredNode, record: RecordState): EngineRequest {
  const services = instances.flatMap(({ project, services }) =>
    services.map((service) => ({ project, service })),
  );
  return {
    environment,
    projects: [...new Set([...instances.map(({ project }) => project), ...adoptedProjects(record)])],
    adoptable: instances.filter(({ adopt }) => adopt === true).map(({ project }) => project),
    images: [...new Set(services.map(({ service }) => service.image))],
    networks: instances.flatMap(({ networks }) => networks),
    volumes: instances.flatMap(({ volumes }) => volumes),
    ports: services.flatMap(({ project, service }) =>
      service.ports.map((port) => ({ project, service: service.name, port })),
    ),
    subnets: instances.flatMap(({ networks }) =>
      networks
        .map(({ name, digest, definition }) => ({ network: name, digest, subnets: subnetsOf(definition) }))
        .filter(({ subnets }) => subnets.length > 0),
    ),
  };
}

/** What was taken over carries no label by which it would be found once nothing desires it. */
function adoptedProjects({ adopted, containers }: RecordState): string[] {
  return Object.keys(adopted?.containers ?? {}).flatMap((id) => containers[id]?.project ?? []);
}
