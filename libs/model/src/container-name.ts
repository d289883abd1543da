/**
 * Compose gives a container that it replaces the name `<12 hex>_<name>` until the new one has its place; a Compose that is
 * killed leaves it so.
 */
const leftover = /^[0-9a-f]{12}_(?=.)/;

/** Whether a container still has the name that it was given to be replaced. */
export function isLeftoverName(name: string): boolean {
  return leftover.test(name);
}

/** The name that a container has, or is to have again. */
export function properName(name: string): string {
  return name.replace(leftover, "");
}

/** Whether a container has a name that Compose gives: `<project>-<service>-<n>`, also while it is being replaced. */
export function hasServiceName(
  name: string,
  { project, service }: { project: string; service: string },
): boolean {
  const proper = properName(name);
  const prefix = `${project}-${service}-`;
  return proper.startsWith(prefix) && /^\d+$/.test(proper.slice(prefix.length));
}

/**
 * The name that a service's container is to have: the one that its Compose file gives it, or Compose's own for its
 * number.
 */
export function wantedName(
  { name, number }: { name: string; number?: number },
  {
    project,
    service,
    containerName,
  }: { project: string; service: string; containerName?: string | undefined },
): string {
  return containerName ?? `${project}-${service}-${number ?? containerNumber(name) ?? 1}`;
}

/** Under this name a container makes room for another one that is to have its name: as Compose replaces it. */
export function nameAside({ id, name }: { id: string; name: string }): string {
  return `${id.slice(0, 12)}_${properName(name)}`;
}

/** Compose counts the containers of a service in their names; a new one gets the highest number and one. Null for another name. */
export function containerNumber(name: string): number | null {
  const [, digits] = /-(\d+)$/.exec(name) ?? [];
  return digits === undefined ? null : Number(digits);
}
