import {
  type ComposeModel,
  type DesiredVolume,
  type JsonObject,
  type RenderedInstance,
  compareText,
  digestValue,
  ownOf,
} from "@keelson/model";

import { withoutEmpty } from "./meaning.ts";
import { givenName } from "./given-name.ts";

/**
 * The volumes that an instance makes: under the names that its Compose file gives them, or `<project>_<key>`, where project
 * and key can be those under which the data was made.
 */
export function buildVolumes(instance: RenderedInstance, model: ComposeModel): DesiredVolume[] {
  return Object.entries(model.volumes)
    .filter(([, definition]) => definition?.["external"] !== true)
    .map(([key, definition]) => {
      const { name: _name, ...rest } = definition ?? {};
      const { format = null, reads = null, was = key } = ownOf(instance.data, key) ?? {};
      const own = ownName(definition, { project: instance.compose.project, key });
      return {
        key,
        name: own ?? `${instance.volumeProject}_${was}`,
        digest: digestValue(withoutEmpty(rest) ?? {}),
        definition: rest,
        format,
        reads,
        generation: 1,
      };
    })
    .sort((a, b) => compareText(a.key, b.key));
}

/** The volumes that an instance has and that somebody else keeps. */
export function externalVolumes(model: ComposeModel): Pick<DesiredVolume, "key" | "name" | "digest">[] {
  return Object.entries(model.volumes)
    .filter(([, definition]) => definition?.["external"] === true)
    .map(([key, definition]) => ({ key, name: givenName(definition) ?? key, digest: "" }))
    .sort((a, b) => compareText(a.key, b.key));
}

/** The name that the Compose file itself gives a volume; null for the one that Compose makes of project and key. */
export function ownName(
  definition: JsonObject | null,
  { project, key }: { project: string; key: string },
): string | null {
  const name = givenName(definition);
  return name === `${project}_${key}` ? null : name;
}
