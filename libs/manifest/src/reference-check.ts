import {
  keyPath,
  problemAt,
  problemOf,
  type Located,
  type NodeDocument,
  type Problem,
  type SettingsByRelease,
  folderOfReference,
  hintFor,
  isLocalReference,
  quote,
  ownOf,
} from "@keelson/model";

import { composeNames, findComposeFiles } from "./compose-choice.ts";
import { type PlacedInstance, type Scene, isLeftOutOf, lockedFolder, releaseKey } from "./scene.ts";

/** Every release, package and instance that is named somewhere in the environment exists in it. */
export function checkReferences(scene: Scene): Problem[] {
  return [
    ...scene.instances.flatMap((placed) => checkPackage(scene, placed)),
    ...scene.environment.layers.flatMap((layer) => checkSettings(scene, layer)),
    ...[...scene.environment.nodes.values()].flatMap((node) => checkSettings(scene, node)),
    ...checkOverrides(scene),
    ...[...scene.environment.nodes.values()].flatMap((node) => checkCommands(scene, node)),
    ...[...scene.environment.nodes.values()].flatMap((node) => checkNodeInstances(scene, node)),
  ];
}

function checkPackage(scene: Scene, placed: PlacedInstance): Problem[] {
  if (isLocalReference(placed.instance.package)) return checkLocalPackage(scene, placed);
  const at = { path: `instances.${placed.name}.package`, part: "value" } as const;
  const used = Object.keys(scene.environment.environment.value.releases);
  if (!used.includes(placed.release)) {
    if (isLeftOutOf(scene, ["releases", placed.release])) return [];
    const message = `environment ${scene.name} does not use a release ${quote(placed.release)}`;
    const hint =
      hintFor(placed.release, { known: used, as: "its releases" }) ??
      `add it to \`releases\`, or write ./${placed.instance.package} for a folder of the repository`;
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

/** It has a folder of the repository to itself, and a Compose file there. */
function checkLocalPackage(scene: Scene, { name, instance, layer }: PlacedInstance): Problem[] {
  const at = { path: `instances.${name}.package`, part: "value" } as const;
  const reference = instance.package;
  const folder = folderOfReference(reference);
  if (/^(?:environments|releases)(?:\/|$)/.test(folder)) {
    const message = `${reference} lies in a folder of Keelson's own`;
    const hint =
      "Move it out of releases/ and environments/, or name a package of a release: <release>/<package>.";
    return [problemAt(layer, { code: "K1119", message, hint, ...at })];
  }
  const inside = scene.local.folders.get(folder);
  if (inside === undefined || inside.size === 0) {
    const message = `there is no folder ${reference} in the repository`;
    const known = scene.local.neighbours.map((path) => `./${path}`);
    const near = hintFor(reference, { known, as: "folders beside it" }) ?? "Commit it";
    const hint = `${near}${near.endsWith("?") ? "" : "."} If the instance is to go, give it state: absent, or remove its entry.`;
    return [problemAt(layer, { code: "K1120", message, hint, ...at })];
  }
  // What else is wrong with it has problems of its own.
  if (findComposeFiles(inside).length > 0) return [];
  const message = `${reference} has no Compose file`;
  const hint = `Commit one, called ${composeNames.join(", ")}, or as \`compose\` of its package.yaml says. To take the instance away, remove the folder and what names it here.`;
  return [problemAt(layer, { code: "K1120", message, hint, ...at })];
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

/** The same of what a node says is special to an instance. */
function checkNodeInstances(scene: Scene, node: Located<NodeDocument>): Problem[] {
  const { instances } = scene.environment.environment.value;
  return Object.keys(node.value.instances ?? {})
    .filter((name) => isUnknown(scene, name))
    .map((name) => {
      const message = `something special to ${quote(name)}, and environment ${scene.name} has no such instance`;
      const hint = orRemoved(hintFor(name, { known: Object.keys(instances), as: "its instances" }), {
        what: "the entry",
      });
      const finding = { code: "K1115", path: keyPath(["instances", name]), message, hint };
      return ofNone(problemAt(node, finding), name);
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
      const finding = { code: "K1115", path: keyPath(["commands", name]), message, hint };
      return ofNone(problemAt(node, finding), name);
    });
}

function checkOverrides(scene: Scene): Problem[] {
  const { instances, releases } = scene.environment.environment.value;
  const { composeOverrides, sealedInstances } = scene.environment;
  const unread = [...sealedInstances]
    .filter(([name]) => Object.hasOwn(releases, name))
    .map(([name, file]) => {
      const message = `nothing reads this file: ${quote(name)} is a release of the environment, too, and its secrets have this name`;
      const hint = "Give the instance another name, and `was` for its data.";
      return problemOf(file.path, { code: "K1010", message, hint });
    });
  const unknown = [...composeOverrides, ...sealedInstances]
    .filter(([name]) => isUnknown(scene, name))
    .map(([name, file]) => {
      const message = `environment ${scene.name} has no instance ${quote(name)}`;
      const hint = orRemoved(hintFor(name, { known: Object.keys(instances), as: "its instances" }), {
        what: "the file, or rename it where the instance got another name",
      });
      return ofNone(problemOf(file.path, { code: "K1115", message, hint }), name);
    });
  return [...unread, ...unknown];
}

/** What is said of an instance that is not there says nothing of the others. */
function ofNone(problem: Problem, name: string): Problem {
  return { ...problem, instances: [name] };
}

function isUnknown(scene: Scene, name: string): boolean {
  const { instances } = scene.environment.environment.value;
  return ownOf(instances, name) === undefined && !isLeftOutOf(scene, ["instances", name]);
}

function orRemoved(hint: string | undefined, { what }: { what: string }): string {
  if (hint === undefined) return `remove ${what}`;
  return `${hint}${hint.endsWith("?") ? "" : "."} Otherwise remove ${what}`;
}
