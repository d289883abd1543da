import {
  type DesiredNode,
  type DesiredService,
  type ObservedNode,
  type RecordState,
  externalNetworksOf,
  imageReference,
  networksOf,
  subnetsOf,
  withAccepted,
} from "@keelson/model";
import { findBoundFiles, findHostPaths, findSecretsToCompare } from "@keelson/plan";

import type { EngineRequest, ReadPorts } from "./ports.ts";

/**
 * Observes what the node has of all that is desired. Throws when the node cannot be read: unknown is never absent.
 * Files that cannot be read are a fault of their instance, and no error.
 */
export async function observeNode(
  desired: DesiredNode,
  ports: Pick<
    ReadPorts,
    | "observeEngine"
    | "observeStore"
    | "observeHost"
    | "findSameFiles"
    | "findSameSecrets"
    | "allow"
    | "record"
  >,
): Promise<ObservedNode> {
  const record = ports.record.readState();
  const { folders: known = {} } = record;
  const [engine, store] = await Promise.all([
    ports.observeEngine(requestFor(desired, record)),
    ports.observeStore({ desired, known }),
  ]);
  const paths = findHostPaths(desired, { allow: ports.allow, engine });
  const bound = findBoundFiles(desired, engine);
  const secret = findSecretsToCompare(desired, engine);
  return {
    ...engine,
    ...store,
    ...(bound.length === 0 ? {} : { sameFiles: await ports.findSameFiles(bound) }),
    ...(secret.length === 0 ? {} : { sameSecrets: ports.findSameSecrets(secret) }),
    ...(paths === null ? {} : { host: await ports.observeHost(paths) }),
    containers: withAccepted(engine.containers, record),
  };
}

function requestFor(desired: DesiredNode, record: RecordState): EngineRequest {
  const { environment, instances, held } = desired;
  const services = instances.flatMap(({ project, services }) =>
    services.map((service) => ({ project, service })),
  );
  const networks = networksOf(desired);
  return {
    environment,
    projects: [
      ...new Set([...[...instances, ...held].map(({ project }) => project), ...adoptedProjects(record)]),
    ],
    adoptable: instances.filter(({ adopt }) => adopt === true).map(({ project }) => project),
    ...imagesOf(services.map(({ service }) => service)),
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

/** Of what is locked also what its tag names here: containers that were made from the tag have that. */
function imagesOf(services: readonly DesiredService[]): Pick<EngineRequest, "images" | "lockedImages"> {
  const locked = services.flatMap((service) =>
    service.lockedImage === undefined ? [] : [[imageReference(service), service.lockedImage] as const],
  );
  const images = services.flatMap((service) => [imageReference(service), service.image]);
  return {
    images: [...new Set(images)],
    ...(locked.length === 0 ? {} : { lockedImages: Object.fromEntries(locked) }),
  };
}

/** What was taken over carries no label by which it would be found once nothing desires it. */
function adoptedProjects({ adopted, containers }: RecordState): string[] {
  return Object.keys(adopted?.containers ?? {}).flatMap((id) => containers[id]?.project ?? []);
}
