import {
  type BlockedChange,
  type DesiredInstance,
  type DesiredNode,
  type ObservedContainer,
  type ObservedNetwork,
  type ObservedNode,
  claimName,
  resourceIds,
} from "@keelson/model";

import { type AdoptionContext, compareWithService } from "./adopted-container.ts";
import { findMountObstacle } from "./adopted-mount.ts";
import type { PlanPolicy } from "./plan-policy.ts";

/** What an instance takes over of its project. */
export interface Adoption {
  instance: DesiredInstance;
  /** As they are once they are the node's own, with the fields in which they are not what is desired. */
  containers: readonly ObservedContainer[];
  /** Ids. */
  networks: readonly { id: string; name: string }[];
  /** Engine names. */
  volumes: readonly string[];
}

export interface FoundAdoptions {
  adoptions: readonly Adoption[];
  /** By name of the instance, why what is there is not taken over: then nothing else is done with the instance either. */
  unadopted: ReadonlyMap<string, readonly BlockedChange[]>;
}

/**
 * What of the projects of instances that adopt was made by somebody else and is to become the node's own. All of an
 * instance or nothing: half a project would have two masters.
 */
export function findAdoptions(
  { environment, instances }: Pick<DesiredNode, "environment" | "instances">,
  context: Omit<AdoptionContext, "environment">,
): FoundAdoptions {
  const found = instances
    .filter(({ adopt, state }) => adopt === true && (state === "running" || state === "installed"))
    .map((instance) => ({ name: instance.name, ...findAdoption(instance, { environment, ...context }) }));
  return {
    adoptions: found.flatMap(({ adoption }) => (adoption === null ? [] : [adoption])),
    unadopted: new Map(found.flatMap(({ name, blocked }) => (blocked.length === 0 ? [] : [[name, blocked]]))),
  };
}

type Judged = Pick<ObservedNetwork, "ownership" | "elsewhere" | "project">;

function findAdoption(
  instance: DesiredInstance,
  { environment, observed, allow }: AdoptionContext,
): { adoption: Adoption | null; blocked: BlockedChange[] } {
  const { name, project } = instance;
  // What has labels of Keelson's is of another node or environment, or says so.
  const isOthers = ({ ownership, elsewhere, project: of }: Judged) =>
    ownership === "foreign" && elsewhere === undefined && of === project;
  const services = new Map(instance.services.map((service) => [service.name, service]));
  const containers = observed.containers
    .filter((each) => isOthers(each) && services.has(each.service))
    .map((each) => compareWithService(each, { instance, observed, allow }));
  const networks = observed.networks.filter(
    (each) => isOthers(each) && instance.networks.some((network) => network.name === each.name),
  );
  const volumes = observed.volumes.filter(
    (each) => isOthers(each) && instance.volumes.some((volume) => volume.name === each.name),
  );
  if (containers.length + networks.length + volumes.length === 0) return { adoption: null, blocked: [] };
  const obstacles = [
    ...(isPermitted(project, allow) ? [] : [notPermitted(instance)]),
    ...findOtherClaims(instance, { environment, observed }),
    ...containers.flatMap((container) => findMountObstacle(container, { instance, observed, allow })),
    ...volumes.flatMap(({ name: volume, differs = "" }) =>
      differs === "" ? [] : [otherVolume(volume, differs)],
    ),
  ];
  if (obstacles.length > 0) return { adoption: null, blocked: obstacles };
  return {
    adoption: {
      instance,
      containers: containers.map((container) => ({ ...container, ownership: "ours", instance: name })),
      networks: networks.map(({ id, name: network }) => ({ id, name: network })),
      volumes: volumes.map(({ name: volume }) => volume),
    },
    blocked: [],
  };
}

/** The node as it is once all that is adopted is its own: what differs is then planned like any other difference. */
export function withAdoptions(observed: ObservedNode, adoptions: readonly Adoption[]): ObservedNode {
  if (adoptions.length === 0) return observed;
  const containers = new Map(
    adoptions.flatMap((each) => each.containers.map((own) => [own.id, own] as const)),
  );
  const networks = new Map(
    adoptions.flatMap(({ instance, networks: taken }) =>
      taken.map(({ id, name }) => [id, instance.networks.find((network) => network.name === name)] as const),
    ),
  );
  const volumes = new Map(
    adoptions.flatMap(({ instance, volumes: taken }) =>
      taken.map((name) => [name, instance.volumes.find((volume) => volume.name === name)] as const),
    ),
  );
  return {
    ...observed,
    containers: observed.containers.map((each) => containers.get(each.id) ?? each),
    networks: observed.networks.map((each) =>
      networks.has(each.id) ? taken(each, networks.get(each.id)?.digest) : each,
    ),
    volumes: observed.volumes.map((each) =>
      volumes.has(each.name) ? taken(each, volumes.get(each.name)?.digest) : each,
    ),
  };
}

/** One that is as it is desired has the digest of that. */
function taken<T extends { differs?: string; digest: string }>(resource: T, digest = ""): T {
  return {
    ...resource,
    ownership: "ours",
    flaw: "",
    digest: resource.differs === "" ? digest : resource.digest,
  };
}

function isPermitted(project: string, allow: PlanPolicy["allow"]): boolean {
  if (allow === "all" || allow.adopt === "all") return true;
  return allow.adopt?.includes(project) ?? false;
}

function otherVolume(volume: string, differs: string): BlockedChange {
  return {
    resource: resourceIds.volume(volume),
    code: "K3086",
    message: `volume ${volume} is not what is desired: ${differs}`,
    hint: "Nothing is taken over. Let the Compose file say what the volume is, or give the instance's another name.",
    outcome: "stalled",
  };
}

/** Two environments of a machine would otherwise both be its master, since what was adopted has no label of either. */
function findOtherClaims(
  { name, project }: DesiredInstance,
  { environment, observed: { claims = [] } }: Pick<AdoptionContext, "environment" | "observed">,
): BlockedChange[] {
  return claims
    .filter((each) => each.project === project && each.environment !== environment)
    .map((claim) => ({
      resource: resourceIds.instance(name),
      code: "K9099",
      message: `instance ${name} is to adopt the project ${project}, which the environment ${claim.environment} has adopted`,
      hint: `Release it there first (state: released), or leave \`adopt\` out. If that environment is gone: docker volume rm ${claimName(project)}`,
      outcome: "stalled" as const,
    }));
}

function notPermitted({ name, project }: DesiredInstance): BlockedChange {
  return {
    resource: resourceIds.instance(name),
    code: "K3085",
    message: `instance ${name} is to adopt the project ${project}, and this node does not permit that`,
    hint: `Add it to agent.yaml on the node: allow: { adopt: [${project}] }`,
    outcome: "stalled",
  };
}
