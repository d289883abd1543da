import {
  type Environment,
  type Located,
  type Problem,
  hintFor,
  keyPath,
  problemAt,
  quote,
} from "@keelson/model";

import type { Scene } from "./scene.ts";

/** K1442 for an image of a package that the environment does not place. Whether it has the service, the gate judges. */
export function checkImages({ name, environment }: Scene): Problem[] {
  const { layers } = environment;
  // An instance that is left out for its own mistake may be the one of the package.
  if (layers.some(({ leftOut = [] }) => leftOut.some((path) => path.startsWith("instances")))) return [];
  const placed = Object.values(environment.environment.value.instances).map((instance) => instance.package);
  return layers.flatMap((layer) => checkLayer(layer, { name, placed: [...new Set(placed)] }));
}

function checkLayer(
  layer: Located<Environment>,
  { name, placed }: { name: string; placed: readonly string[] },
): Problem[] {
  return Object.keys(layer.value.images ?? {}).flatMap((key) => {
    const reference = key.slice(0, Math.max(0, key.lastIndexOf("/")));
    const service = key.slice(reference.length + 1);
    if (placed.includes(reference) && service !== "") return [];
    const message = placed.includes(key)
      ? `${quote(key)} is a package, and an image is that of one service`
      : `environment ${name} places no package ${quote(reference)}`;
    const hint = placed.includes(key)
      ? `write ${quote(`${key}/<service>`)}`
      : (hintFor(reference, { known: placed, as: "its packages" }) ??
        "write <release>/<package>/<service> or ./path/service");
    return [problemAt(layer, { code: "K1442", path: keyPath(["images", key]), message, hint })];
  });
}
