import { type ComparedContainer, findDifferences } from "@keelson/equality";
import {
  type AdoptableContainer,
  type DesiredInstance,
  type DesiredService,
  type ObservedContainer,
  type ObservedNode,
  instanceToken,
  required,
  ownOf,
  runsLockedImage,
} from "@keelson/model";

import { placesOf } from "./adopted-place.ts";
import type { PlanPolicy } from "./plan-policy.ts";

export interface AdoptionContext {
  environment: string;
  observed: ObservedNode;
  allow: PlanPolicy["allow"];
}

/** A container as it is once it is the node's own, with the fields in which it is not what its service asks for. */
export function compareWithService(
  container: ObservedContainer,
  { instance, observed, allow }: Pick<AdoptionContext, "observed" | "allow"> & { instance: DesiredInstance },
): ObservedContainer {
  const service = required(
    instance.services.find(({ name }) => name === container.service),
    `service ${container.service}`,
  );
  const told = observed.adoptable?.find(({ id }) => id === container.id);
  // What was not told of cannot be compared.
  const fields =
    told === undefined ? ["container"] : findFields(service, { instance, observed, allow, told });
  const differs = [...(isOfImage(container, { service, observed }) ? [] : ["image"]), ...fields];
  const [{ algorithm, digest }] = service.digests;
  const { accepted: _, ...rest } = container;
  return differs.length === 0
    ? { ...rest, accepted: { algorithm, digest } }
    : { ...rest, digest: "", differs };
}

/** Of the bytes that are locked, or of what the tag names on this node. */
function isOfImage(
  container: ObservedContainer,
  { service, observed }: Pick<AdoptionContext, "observed"> & { service: DesiredService },
): boolean {
  if (service.lockedImage !== undefined) return runsLockedImage(container, service);
  return ownOf(observed.images, service.image)?.id === container.imageId;
}

function findFields(
  { name }: DesiredService,
  {
    instance,
    observed,
    allow,
    told,
  }: Pick<AdoptionContext, "observed" | "allow"> & { instance: DesiredInstance; told: AdoptableContainer },
): string[] {
  const { compose, project } = instance;
  const service = required(ownOf(compose.services, name), `service ${name} of the model`);
  const nameIn = (known: typeof compose.networks) => (key: string) =>
    textOf(ownOf(known, key)?.["name"]) || key;
  return findDifferences(
    {
      name,
      service,
      configs: compose.configs,
      secrets: compose.secrets,
      image: told.image,
      networkName: nameIn(compose.networks),
      volumeName: nameIn(compose.volumes),
      placeOf: placesOf(instance, { observed, allow }),
    },
    {
      inspected: told.inspected,
      serviceOf: serviceFinder(project, observed),
      placeOf: (path) => {
        const target = observed.sameFiles?.find((each) => each.path === path)?.target;
        return target === undefined ? path : `${instanceToken}/${target}`;
      },
      sameVariables: new Set(
        (observed.sameSecrets ?? []).flatMap(({ container, variable }) =>
          container === told.id ? [variable] : [],
        ),
      ),
      defaults: observed.containerDefaults ?? unknownDefaults,
    },
  );
}

/** What differs from nothing known is told as a difference. */
const unknownDefaults = { loggingDriver: "", cgroup: "", runtime: "", hostName: "", keepsAnnotations: true };

function serviceFinder(project: string, { containers }: ObservedNode): ComparedContainer["serviceOf"] {
  const own = containers.filter((each) => each.project === project);
  return (container) =>
    own.find(({ id, name }) => id.startsWith(container) || name === container)?.service ?? null;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
