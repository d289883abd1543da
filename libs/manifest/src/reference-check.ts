import {
  keyPath,
  problemAt,
  problemOf,
  type Located,
  type NodeDocument,
  type Problem,
  type SettingsByRelease,
  hintFor,
  quote,
} from "@keelson/model";

import { type PlacedInstance, type Scene, entryOf, isLeftOutOf, lockedFolder, releaseKey } from "./scene.ts";

/** Every release, package and instance that is named somewhere in the environment exists in it. */
export function checkReferences(scene: Scene): Problem[] {
  return [
    ...scene.instances.flatMap((placed) => checkPackage(scene, placed)),
    ...scene.environment.layers.flatMap((layer) => checkSettings(scene, layer)),
    ...[...scene.environment.nodes.values()].flatMap((node) => checkSettings(scene, node)),
    ...checkOverrides(scene),
    ...[...scene.environment.nodes.values()].flatMap((node) => checkCommands(scene, node)),
  ];
}

function checkPackage(scene: Scene, placed: PlacedInstance): Problem[] {
  const at = { path: `instances.${placed.name}.package`, part: "value" } as const;
  const used = Object.keys(scene.environment.environment.value.releases);
  if (!used.includes(placed.release)) {
    if (isLeftOutOf(scene, ["releases", placed.release])) return [];
    const message = `environment ${scene.name} does not use a release ${quote(placed.release)}`;
    const hint = hintFor(placed.release, { known: used, as: "its releases" }) ?? "add it to `releases`";
    return [problemAt(placed.layer, { code: "K1114", message, hint, ...at })];
  }
  const folder = lockedFolder(scene, placed.release);
  const release = folder === null ? undefined : scene.releases.get(releaseKey(folder));
  if (folder === null || release === undefined) return [];
  // A broken package has problems of its own.
  if (scene.tree.releases.get(folder)?.has(`packages/${placed.packageName}/package.yaml`)) return [];
  const message = `release ${releaseKey(folder)} has no package ${quote(placed.packageName)}`;
  const hint = hintFor(placed.packageName, { known: release.release.value.packages, as: "its packages" });
  return [problemAt(placed.layer, { code: "K1116", message, hint, ...at })];
}

function checkSettings(scene: Scene, document: Located<{ settings: SettingsByRelease }>): Problem[] {
  const used = Object.keys(scene.environment.environment.value.releases);
  return Object.keys(document.value.settings)
    .filter((name) => !used.includes(name) && !isLeftOutOf(scene, ["releases", name]))
    .map((name) => {
      const message = `settings for ${quote(name)}, which environment ${scene.name} does not use`;
      const hint = hintFor(name, { known: used, as: "its releases" });
      return problemAt(document, { code: "K1114", path: keyPath(["settings", name]), message, hint });
    });
}

/** A counter of an instance that is not there would silently mean nothing. */
function checkCommands(scene: Scene, node: Located<NodeDocument>): Problem[] {
  const { instances } = scene.environment.environment.value;
  return Object.keys(node.value.commands)
    .filter((name) => isUnknown(scene, name))
    .map((name) => {
      const message = `commands for ${quote(name)}, and environment ${scene.name} has no such instance`;
      const hint = orRemoved(hintFor(name, { known: Object.keys(instances), as: "its instances" }), {
        // A count that is new for an instance permits it to begin empty.
        what: "the entry, or rename it where the instance got another name and may begin with empty volumes",
      });
      return problemAt(node, { code: "K1115", path: keyPath(["commands", name]), message, hint });
    });
}

function checkOverrides(scene: Scene): Problem[] {
  const { instances } = scene.environment.environment.value;
  return [...scene.environment.composeOverrides]
    .filter(([name]) => isUnknown(scene, name))
    .map(([name, file]) => {
      const message = `environment ${scene.name} has no instance ${quote(name)}`;
      const hint = orRemoved(hintFor(name, { known: Object.keys(instances), as: "its instances" }), {
        what: "the file, or rename it where the instance got another name",
      });
      return problemOf(file.path, { code: "K1115", message, hint });
    });
}

function isUnknown(scene: Scene, name: string): boolean {
  const { instances } = scene.environment.environment.value;
  return entryOf(instances, name) === undefined && !isLeftOutOf(scene, ["instances", name]);
}

function orRemoved(hint: string | undefined, { what }: { what: string }): string {
  if (hint === undefined) return `remove ${what}`;
  return `${hint}${hint.endsWith("?") ? "" : "."} Otherwise remove ${what}`;
}
