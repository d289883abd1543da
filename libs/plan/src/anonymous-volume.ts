import {
  type DesiredService,
  type MountPlace,
  type ObservedContainer,
  type ObservedNode,
  imageReference,
  isInSync,
  ownOf,
} from "@keelson/model";

import type { InstanceChange } from "./service-change.ts";

interface ServiceContext {
  service: DesiredService;
  observed: ObservedNode;
}

/** The anonymous volumes that a service would leave behind. With `volumes_from` another one has the same, and keeps them. */
export function findUnkeptOf(own: readonly ObservedContainer[], context: ServiceContext): MountPlace[] {
  const others = new Set(
    context.observed.containers
      .filter((each) => !own.includes(each))
      .flatMap(({ anonymousVolumes = [] }) => anonymousVolumes),
  );
  return own
    .flatMap((container) => findUnkept(container, context))
    .filter(({ volume }) => !others.has(volume));
}

/** Those of a container that is made anew, and in whose place its service is to have something else: Compose hands on the others. */
function findUnkept(container: ObservedContainer, { service, observed }: ServiceContext): MountPlace[] {
  if (isInSync(container, service)) return [];
  const image = ownOf(observed.images, imageReference(service));
  const isKept = (path: string) => {
    const place = service.places.find((each) => each.path === path);
    if (place !== undefined) return place.kind === "anonymous";
    // What an image declares is not known before it is there: whoever makes the container looks.
    return image?.volumes?.includes(path) ?? true;
  };
  return anonymousIn(container).filter(({ path }) => !isKept(path));
}

/** By container, the anonymous volumes that these changes take from it. */
export function findLetGo(
  changes: readonly InstanceChange[],
  observed: ObservedNode,
): Map<ObservedContainer, string[]> {
  const recreated = changes
    .flatMap(({ services }) => [...services.values()])
    .filter(({ action }) => action === "recreate");
  return new Map(
    recreated.flatMap(({ service, containers }) =>
      containers.kept.map((each): [ObservedContainer, string[]] => [
        each,
        findUnkept(each, { service, observed }).map(({ volume }) => volume),
      ]),
    ),
  );
}

/** The paths at which an image that is still to be pulled must declare a volume, so that an anonymous one is handed on. */
export function findUndeclared(
  containers: readonly ObservedContainer[],
  { service, observed }: ServiceContext,
): string[] {
  if ((ownOf(observed.images, imageReference(service)) ?? null) !== null) return [];
  const paths = containers
    .filter((container) => !isInSync(container, service))
    .flatMap((container) => anonymousIn(container).map(({ path }) => path));
  return [...new Set(paths)].filter((path) => service.places.every((each) => each.path !== path)).sort();
}

function anonymousIn({ places = [] }: ObservedContainer): MountPlace[] {
  return places.filter(({ kind }) => kind === "anonymous");
}
