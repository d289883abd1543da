import type { composeLabels, labels } from "@keelson/model";

import { textOf } from "./json-reader.ts";

/** The types of the model's values keep these equal to them; the values would bring in the whole model. */
const environmentLabel: typeof labels.environment = "io.keelson.environment";
const oneOffLabel: typeof composeLabels.oneOff = "com.docker.compose.oneoff";
export const projectLabel: typeof composeLabels.project = "com.docker.compose.project";
export const serviceLabel: typeof composeLabels.service = "com.docker.compose.service";

/** What a watcher looks at. */
export interface Interest {
  environment: string;
  /** Whether a container is known to be the node's own, by id: one that was adopted has no label of ours. Default none. */
  isOwn?: (id: string) => boolean;
}

/**
 * Whether a container concerns an environment: it carries the environment's label, or stands in the way of a container that
 * does, in one of its projects or under a name of one. One-off ones (`compose run`) belong to a person, and stand in no way.
 */
export function concerns(
  container: { id: string; name: string; labels: Readonly<Record<string, unknown>> },
  { environment, isOwn }: Interest,
): boolean {
  const { labels: all } = container;
  if (isOwn?.(container.id) === true) return true;
  if (all[oneOffLabel] === "True") return false;
  const owner = textOf(all[environmentLabel]);
  if (owner !== "") return owner === environment;
  // As `properName` of the model, which a watcher does not load; a test compares them.
  const name = container.name.replace(/^[0-9a-f]{12}_/, "");
  return [name, textOf(all[projectLabel])].some((text) => text.startsWith(`${environment}-`));
}
