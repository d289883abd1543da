import {
  type DesiredService,
  type MountPlace,
  type ObservedContainer,
  type ObservedNode,
  type VolumePlace,
  compareText,
  imageReference,
  isInSync,
  ownOf,
} from "@keelson/model";

/** Where these mounts have a volume. */
export function placesOfVolume(mounts: readonly MountPlace[], volume: string): VolumePlace[] {
  return mounts
    .filter((mount) => mount.volume === volume)
    .map(({ path, subpath, readOnly }) => ({ path, subpath, readOnly, covered: coveredBelow(path, mounts) }));
}

/** What a service is to have at which path: also the volumes that its image declares, where that is there. */
export function placesOfService(
  service: Pick<DesiredService, "places" | "image" | "lockedImage">,
  { images }: Pick<ObservedNode, "images">,
): MountPlace[] {
  const { places } = service;
  const declared = (ownOf(images, imageReference(service))?.volumes ?? []).filter((path) =>
    places.every((each) => each.path !== path),
  );
  return [
    ...places,
    ...declared.map((path): MountPlace => ({
      path,
      kind: "anonymous",
      volume: "",
      subpath: "",
      readOnly: false,
    })),
  ];
}

/** A bind comes with what the revision puts there; all else begins empty, and hides what is below it. */
function coveredBelow(path: string, mounts: readonly MountPlace[]): string[] {
  const inside = mounts.filter((mount) => mount.kind !== "bind" && mount.path.startsWith(`${path}/`));
  return [...new Set(inside.map((mount) => mount.path))].sort();
}

/** Where these containers have a volume; one that is in sync has what its service says. */
export function placesInContainers(
  volume: string,
  {
    containers,
    service,
    observed,
  }: {
    containers: readonly ObservedContainer[];
    service: DesiredService | undefined;
    observed: Pick<ObservedNode, "images">;
  },
): VolumePlace[] {
  const places = containers.flatMap((each) => {
    const isSame = service !== undefined && isInSync(each, service);
    return placesOfVolume(isSame ? placesOfService(service, observed) : (each.places ?? []), volume);
  });
  const byText = new Map(places.map((place) => [JSON.stringify(place), place]));
  return [...byText].sort(([a], [b]) => compareText(a, b)).map(([, place]) => place);
}

/** The paths at which a service would find no more what it had there. */
export function findMissingPaths(had: readonly VolumePlace[], toBe: readonly VolumePlace[]): string[] {
  return had
    .filter((place) => !toBe.some((each) => isSamePlace(each, place)))
    .map(({ path, subpath }) => (subpath === "" ? path : `${path} (its folder ${subpath})`));
}

/** The paths at which something that begins empty would lie over what a service had there. */
export function findCoveredPaths(had: readonly VolumePlace[], toBe: readonly VolumePlace[]): string[] {
  return had.flatMap((place) => {
    const same = toBe.filter((each) => isSamePlace(each, place));
    return same.flatMap(({ covered }) => covered.filter((path) => !place.covered.includes(path)));
  });
}

function isSamePlace(a: VolumePlace, b: VolumePlace): boolean {
  return a.path === b.path && a.subpath === b.subpath;
}
