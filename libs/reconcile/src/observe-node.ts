import {
  type DesiredNode,
  type ObservedNode,
  externalNetworksOf,
  networksOf,
  subnetsOf,
  withAccepted,
} from "@keelson/model";
import { findHostPaths } from "@keelson/plan";

import type { EngineRequest, ReadPorts } from "./ports.ts";

/**
 * Observes what the node has of all that is desired. Throws when the node cannot be read: unknown is never absent.
 * Files that cannot be read are a fault of their instance, and no error.
 */
export async function observeNode(
  desired: DesiredNode,
  ports: Pick<ReadPorts, "observeEngine" | "observeStore" | "observeHost" | "allow" | "record">,
): Promise<ObservedNode> {
  const { folders: known = {} } = ports.record.readState();
  const [engine, store] = await Promise.all([
    ports.observeEngine(requestFor(desired)),
    ports.observeStore({ desired, known }),
  ]);
  const paths = findHostPaths(desired, { allow: ports.allow, engine });
  return {
    ...engine,
    ...store,
    ...(paths.length === 0 ? {} : { host: await ports.observeHost(paths) }),
    containers: withAccepted(engine.containers, ports.record.readState()),
  };
}

function requestFor(desired: DesiredNode): EngineRequest {
  const { environment, instances, held } = desired;
  const services = instances.flatMap(({ project, services }) =>
    services.map((service) => ({ project, service })),
  );
  const networks = networksOf(desired);
  return {
    environment,
    projects: [...instances, ...held].map(({ project }) => project),
    images: [...new Set(services.map(({ service }) => service.image))],
    networks,
    volumes: instances.flatMap(({ volumes }) => volumes),
    ports: services.flatMap(({ project, service }) =>
      service.ports.map((port) => ({ project, service: service.name, port })),
    ),
    subnets: networks
      .map(({ name, digest, definition }) => ({ network: name, digest, subnets: subnetsOf(definition) }))
      .filter(({ subnets }) => subnets.length > 0),
    containerNames: new Map(
      services.flatMap(({ project, service: { name, containerName } }) =>
        containerName === undefined ? [] : [[`${project}/${name}`, containerName] as const],
      ),
    ),
    externalNetworks: externalNetworksOf(desired),
    externalVolumes: [...new Set(services.flatMap(({ service }) => service.externalVolumes ?? []))],
  };
}
