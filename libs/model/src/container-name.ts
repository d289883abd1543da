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

/** Compose counts the containers of a service in their names; a new one gets the highest number and one. Null for another name. */
export function containerNumber(name: string): number | null {
  const [, digits] = /-(\d+)$/.exec(name) ?? [];
  return digits === undefined ? null : Number(digits);
}
