import * as z from "zod";

/**
 * Names of releases, packages, environments, nodes, instances and roles. `constructor` is refused: names are keys of plain
 * objects, and every object answers to it.
 */
export const namePattern = /^(?!constructor(?:$|\/))[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

export const Name = z
  .string()
  .regex(namePattern, "must be 1 to 40 of a-z, 0-9 and -, starting and ending with a letter or digit")
  .describe(
    "A name: 1 to 40 of a-z, 0-9 and -, starting and ending with a letter or digit; `constructor` is reserved.",
  );

/** A capability may be grouped by a slash, as in `arch/amd64`. */
export const Capability = z
  .string()
  .regex(/^[a-z0-9][a-z0-9/.-]{0,63}$/, "must be like shared-storage or arch/amd64");

/**
 * The Compose project of an instance that has no other one. `a` with `b-c` and `a-b` with `c` give the same one: on one node the second is
 * blocked, since what the first made carries another environment's label.
 */
export function projectOf(environment: string, instance: string): string {
  return `${environment}-${instance}`;
}

/** The project that Compose gives a folder of this name (compose-go, NormalizeProjectName); empty where it gives none. */
export function composeProjectName(folderName: string): string {
  return folderName
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
}
