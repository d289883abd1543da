import {
  type EnvironmentFolder,
  type JsonObject,
  type Located,
  type NodeDocument,
  keyPath,
  ownOf,
} from "@keelson/model";
import { type LayeredSettings, type SettingsLayer, layerSettings, layerVariables } from "@keelson/settings";

import { type PlacedInstance, layerOfInstance } from "./placement.ts";

interface Place {
  environment: EnvironmentFolder;
  node: Located<NodeDocument>;
}

/** The settings of each instance by its name. Instances of a release without any of their own share one value. */
export function layerInstances(
  placed: readonly PlacedInstance[],
  place: Place,
): Map<string, LayeredSettings> {
  const shared = new Map<string, LayeredSettings>();
  const layered = new Map<string, LayeredSettings>();
  for (const each of placed) {
    const own = ownLayers(each, place);
    if (each.release === null) {
      const reference = each.instance.package;
      const { settingsSchema: schema, variables } = each.package;
      const layers = [own.environment, own.node].filter((layer) => layer !== null);
      const settings =
        schema === null
          ? layerVariables({ reference, variables, layers })
          : layerSettings({ owner: { kind: "package", name: reference }, schema, layers });
      layered.set(each.name, settings);
      continue;
    }
    const { name } = each.release.release.value;
    const isShared = own.environment === null && own.node === null;
    const known = isShared ? shared.get(name) : undefined;
    const settings = known ?? layerRelease(name, { schema: each.release.settingsSchema, own, ...place });
    if (isShared) shared.set(name, settings);
    layered.set(each.name, settings);
  }
  return layered;
}

function layerRelease(
  release: string,
  of: Place & Pick<Parameters<typeof layerSettings>[0], "schema"> & { own: ReturnType<typeof ownLayers> },
): LayeredSettings {
  const path = keyPath(["settings", release]);
  const layerOf = (
    kind: "environment" | "node",
    located: Located<{ name: string; settings: Record<string, JsonObject> }>,
  ): SettingsLayer => ({
    kind,
    name: located.value.name,
    located,
    path,
    values: ownOf(located.value.settings, release) ?? {},
  });
  const layers = [
    ...of.environment.layers.map((located) => layerOf("environment", located)),
    of.own.environment,
    layerOf("node", of.node),
    of.own.node,
  ].filter((layer) => layer !== null);
  return layerSettings({ owner: { kind: "release", name: release }, schema: of.schema, layers });
}

/** What the environment and the node say of this one instance; null where they say nothing. */
function ownLayers(
  { name, instance }: PlacedInstance,
  { environment, node }: Place,
): { environment: SettingsLayer | null; node: SettingsLayer | null } {
  const path = keyPath(["instances", name, "settings"]);
  const ofNode = ownOf(node.value.instances, name)?.settings;
  return {
    environment:
      instance.settings === undefined
        ? null
        : {
            kind: "instance",
            name,
            located: layerOfInstance(environment, name),
            path,
            values: instance.settings,
          },
    node:
      ofNode === undefined
        ? null
        : { kind: "node", name: node.value.name, located: node, path, values: ofNode },
  };
}
