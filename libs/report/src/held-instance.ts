import {
  type InstanceStatus,
  type ObservedContainer,
  type ObservedNode,
  type StatusError,
  compareText,
  resourceIds,
  ownOf,
} from "@keelson/model";

import { listGrants } from "./grant-status.ts";
import { packageState } from "./instance-status.ts";
import { containerHealth, imageDigest, nameOfImage, worst } from "./service-status.ts";
import type { StatusInput } from "./status-input.ts";

/**
 * Instances that stay as they are: those that the commit has problems with, and what requires them; and those that no revision
 * desires any more and that are still there, because their removal is blocked.
 */
export function buildHeldInstances(input: StatusInput): InstanceStatus[] {
  const { desired, observed, last } = input;
  if (desired === null) return [];
  return findNames(input).map((name) => {
    const told = last?.instances.find((each) => each.name === name);
    const { package: of = "", version = "", releaseVersion } = told ?? {};
    const release = releaseVersion === undefined ? {} : { releaseVersion };
    const base = { name, package: of, version, ...release, held: true };
    if (observed === null)
      return { ...base, state: "unknown", sync: "unknown", health: "unknown", services: [] };
    const own = observed.containers.filter(
      ({ ownership, instance }) => ownership === "ours" && instance === name,
    );
    const seen = [...Map.groupBy(own, ({ service }) => service)].map(([service, containers]) =>
      buildService(service, { containers, input, observed }),
    );
    const gone = findGone(name, input).map((service) => describeGone(service, told));
    const services = [...seen, ...gone].sort((a, b) => compareText(a.name, b.name));
    // What it was made with is all that is known of it.
    const known = { name, grants: ownOf(input.applied?.grants, name) ?? [] };
    const grants = listGrants(known, { ...input, services, isInSync: own.length > 0 });
    return {
      ...base,
      state: packageState({ name, project: own[0]?.project ?? "" }, observed),
      sync: "out-of-sync",
      health: services.length === 0 ? "unknown" : worst(services.map(({ health }) => health)),
      ...(grants.length === 0 ? {} : { grants }),
      services,
    };
  });
}

function findNames({ plan, remaining, last }: StatusInput): string[] {
  const left = remaining ?? plan;
  if (left === null)
    return (last?.instances ?? []).flatMap(({ name, held }) => (held === true ? [name] : []));
  const prefix = resourceIds.instance("");
  const names = [...left.notices, ...left.blocked].flatMap(({ code, resource }) =>
    heldCodes.has(code) ? [resource.slice(prefix.length)] : [],
  );
  return [...new Set(names)];
}

/** Of a plan's entries on an instance, those that say that it is held. */
const heldCodes = new Set(["K1438", "K3050", "K3051"]);

/** What is wrong, and before it the instances that are held because the commit has problems with them. */
export function withHeld(message: string, errors: readonly Pick<StatusError, "code" | "resource">[]): string {
  const prefix = resourceIds.instance("");
  const names = errors.flatMap(({ code, resource }) =>
    code === "K3051" ? [resource.slice(prefix.length)] : [],
  );
  if (names.length === 0) return message;
  return `${names.join(", ")} ${names.length === 1 ? "is" : "are"} held: ${message}`;
}

/** Names of its services whose containers somebody has removed: the plan blocks them. */
function findGone(instance: string, { plan, remaining, applied }: StatusInput): string[] {
  const known = ownOf(applied?.services, instance) ?? [];
  const blocked = new Set(
    ((remaining ?? plan)?.blocked ?? []).flatMap(({ code, resource }) =>
      code === "K3052" ? [resource] : [],
    ),
  );
  return known
    .filter((service) => blocked.has(`service:${service}`))
    .map((service) => service.slice(service.indexOf("/") + 1));
}

function describeGone(name: string, told: InstanceStatus | undefined): InstanceStatus["services"][number] {
  const before = told?.services.find((each) => each.name === name);
  return {
    name,
    image: { want: before?.image.want ?? "", have: "" },
    digest: { want: before?.digest.want ?? "", have: "" },
    state: "absent",
    health: "unhealthy",
  };
}

/** What it has is all that can be wanted of it: what it was to be is not known any more. */
function buildService(
  name: string,
  {
    containers,
    input: { applied },
    observed: { images },
  }: { containers: readonly ObservedContainer[]; input: StatusInput; observed: ObservedNode },
): InstanceStatus["services"][number] {
  const healths = containers.map((container) => {
    const oneShot = applied?.oneShots?.includes(`${container.project}/${name}`) === true;
    return containerHealth({ oneShot, endAwaited: false }, container);
  });
  const [first] = containers;
  const { digest = "", state = "absent" } = first ?? {};
  const image = first === undefined ? "" : nameOfImage(first, { want: "", isSame: false });
  return {
    name,
    image: {
      want: image,
      have: image,
      ...(first === undefined ? {} : { digest: imageDigest(first, images) }),
    },
    digest: { want: digest, have: digest },
    state,
    health: worst(healths),
  };
}
