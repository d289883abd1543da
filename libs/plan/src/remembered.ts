import { type RecordState, type ServiceParts, findAcceptances, isInSync } from "@keelson/model";

import { projectsOfHeld } from "./held-instance.ts";
import { rememberFolders } from "./known-folder.ts";
import { findGivenBack, rememberVolumes } from "./known-volume.ts";
import { findOwn } from "./own-container.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { followRenewals } from "./renewal.ts";

/**
 * What a node remembers after a round: what is its own, what its containers are accepted for, and of what its services were
 * made. Only what is no longer there is forgotten: with a wrong key in place nothing looks like ours for a while.
 */
export function buildRecord(node: SimulatedNode): RecordState {
  const { desired, observed, record } = node;
  const own = observed.containers.filter(({ ownership }) => ownership === "ours");
  const givenBack = findGivenBack(node);
  const networks = observed.networks.filter(
    ({ ownership, project }) => ownership === "ours" && !givenBack.has(project),
  );
  const ids = new Set(observed.containers.map(({ id }) => id));
  const names = new Set(observed.networks.map(({ name }) => name));
  return {
    ...record,
    containers: {
      ...pick(record.containers, ids),
      ...Object.fromEntries(own.map(({ id, project, service }) => [id, { project, service }])),
    },
    accepted: { ...pick(record.accepted, ids), ...findAcceptances(desired, own) },
    limits: {
      ...Object.fromEntries(own.flatMap(({ id, limits }) => (limits === undefined ? [] : [[id, limits]]))),
      // What was seen first is what Compose made: a later change is drift until the container is made anew.
      ...pick(record.limits ?? {}, ids),
    },
    networks: {
      ...pick(record.networks, names),
      ...Object.fromEntries(networks.map(({ name, id }) => [name, id])),
    },
    volumes: rememberVolumes(node),
    folders: rememberFolders(node),
    renewed: followRenewals(node),
    serviceParts: appliedParts({ desired, observed, record }),
  };
}

/** Parts of those services that have what is desired; the others, and what is held, keep what was applied to them. */
function appliedParts({ desired, observed, record }: SimulatedNode): RecordState["serviceParts"] {
  const held = projectsOfHeld({ desired, observed, record });
  const kept = Object.entries(record.serviceParts).filter(([key]) =>
    held.has(key.slice(0, key.indexOf("/"))),
  );
  const services = desired.instances.flatMap(({ project, services }) =>
    services.map((service) => ({ project, service })),
  );
  const parts = services.flatMap(({ project, service }): [string, ServiceParts][] => {
    const key = `${project}/${service.name}`;
    const isApplied = findOwn(observed, { project, service: service.name }).some((each) =>
      isInSync(each, service),
    );
    const [{ algorithm, parts }] = service.digests;
    const known = isApplied ? { algorithm, parts } : record.serviceParts[key];
    return known === undefined ? [] : [[key, known]];
  });
  return Object.fromEntries([...kept, ...parts]);
}

function pick<T>(entries: Readonly<Record<string, T>>, keys: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => keys.has(key)));
}
