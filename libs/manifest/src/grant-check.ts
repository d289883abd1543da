import {
  type Environment,
  type Located,
  type Problem,
  hintFor,
  isLocalReference,
  keyPath,
  problemAt,
  quote,
} from "@keelson/model";

import { type Scene, isLeftOutOf, lockedFolder, releaseKey } from "./scene.ts";

/**
 * K1460: a grant to a package that the environment does not have would silently permit nothing. The folder of a local package may
 * be gone with its grant left behind: that is told like any grant that nothing uses.
 */
export function checkGrants(scene: Scene): Problem[] {
  return scene.environment.layers.flatMap((layer) =>
    Object.keys(layer.value.policy.allow ?? {})
      .filter((key) => !isKnown(key, scene))
      .map((key) => unknownPackage(key, { layer, scene })),
  );
}

function isKnown(key: string, scene: Scene): boolean {
  if (key === "*" || referencesOf(scene).includes(key)) return true;
  const [release = "", name = ""] = key.split("/");
  if (isLocalReference(key)) return true;
  if (isLeftOutOf(scene, ["releases", release]) || isLeftOutOf(scene, ["instances"])) return true;
  if (!Object.hasOwn(scene.environment.environment.value.releases, release)) return false;
  // Of a release that is not there or cannot be read, its own problems tell.
  const packages = packagesOf(release, scene);
  return packages === null || packages.includes(name);
}

function unknownPackage(
  key: string,
  { layer, scene }: { layer: Located<Environment>; scene: Scene },
): Problem {
  const { releases } = scene.environment.environment.value;
  const known = [
    ...referencesOf(scene),
    ...Object.keys(releases).flatMap((release) =>
      (packagesOf(release, scene) ?? []).map((name) => `${release}/${name}`),
    ),
  ];
  const hint = hintFor(key, { known: [...new Set(known)], as: "its packages" });
  return problemAt(layer, {
    code: "K1460",
    path: keyPath(["policy", "allow", key]),
    message: `a grant to ${quote(key)}, and environment ${scene.name} has no such package`,
    hint: hint ?? "Write <release>/<package>, the ./path of a local package, or * for all of them.",
  });
}

/** What the instances are made of, those that are to be absent too. */
function referencesOf(scene: Scene): string[] {
  return Object.values(scene.environment.environment.value.instances).map((instance) => instance.package);
}

function packagesOf(release: string, scene: Scene): string[] | null {
  const folder = lockedFolder(scene, release);
  return folder === null ? null : (scene.releases.get(releaseKey(folder))?.release.value.packages ?? null);
}
