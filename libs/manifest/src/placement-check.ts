import { type PackageScope, type Problem, hintFor, problemAt, quote } from "@keelson/model";

import { type PlacedInstance, type Scene, nodesOf, roleOf } from "./scene.ts";

/** Every instance has a node to be on, and every node what the package needs. */
export function checkPlacement(scene: Scene): Problem[] {
  return scene.instances.flatMap((placed) => [
    ...checkNode(scene, placed),
    ...checkRole(scene, placed),
    ...checkCapabilities(scene, placed),
    ...checkScope(scene, placed),
  ]);
}

function checkNode(scene: Scene, { name, instance, layer }: PlacedInstance): Problem[] {
  const node = instance.on?.node;
  if (node === undefined || scene.nodeNames.includes(node)) return [];
  const message = `environment ${scene.name} has no node ${quote(node)}`;
  const hint = hintFor(node, { known: scene.nodeNames, as: "its nodes" });
  return [
    problemAt(layer, { code: "K1111", path: `instances.${name}.on.node`, message, hint, part: "value" }),
  ];
}

function checkRole(scene: Scene, placed: PlacedInstance): Problem[] {
  const role = roleOf(placed);
  const nodes = [...scene.environment.nodes.values()];
  // A node that could not be read may have the role.
  if (role === undefined || nodes.length < scene.nodeNames.length) return [];
  const roles = [...new Set(nodes.flatMap(({ value }) => value.roles))];
  if (roles.includes(role)) return [];
  const { instance, layer, name } = placed;
  const asked = instance.on === undefined ? `, which package ${instance.package} asks for` : "";
  const message = `no node of environment ${scene.name} has the role ${quote(role)}${asked}`;
  const hint =
    hintFor(role, { known: roles, as: "roles of its nodes" }) ?? "give a node the role under `roles`";
  const path = instance.on === undefined ? `instances.${name}` : `instances.${name}.on.role`;
  return [
    problemAt(layer, {
      code: "K1113",
      path,
      message,
      hint,
      part: instance.on === undefined ? "key" : "value",
    }),
  ];
}

/** A package may allow only one instance in a place; the later ones are too many. */
function checkScope(scene: Scene, placed: PlacedInstance): Problem[] {
  const scope = placed.package?.package.value.scope ?? "many";
  if (scope === "many") return [];
  const earlier = scene.instances.filter(
    (other) => other.instance.package === placed.instance.package && other.name < placed.name,
  );
  const places = placesOf(scene, { placed, scope });
  const clash = earlier.find((other) =>
    placesOf(scene, { placed: other, scope }).some((place) => places.includes(place)),
  );
  if (clash === undefined) return [];
  const message = `package ${placed.instance.package} allows only ${scope.replaceAll("-", " ")}, and instance ${quote(clash.name)} is there already`;
  const hint = "remove one of the two, or place them apart";
  return [problemAt(placed.layer, { code: "K1118", path: `instances.${placed.name}`, message, hint })];
}

/** The places that allow one instance: the nodes that it is on, its role, or the whole environment. */
function placesOf(
  scene: Scene,
  { placed, scope }: { placed: PlacedInstance; scope: Exclude<PackageScope, "many"> },
): string[] {
  if (scope === "one-per-environment") return [scene.name];
  if (scope === "one-per-role") return [roleOf(placed) ?? ""];
  return nodesOf(scene, placed).map(({ value }) => value.name);
}

function checkCapabilities(scene: Scene, placed: PlacedInstance): Problem[] {
  const needed = placed.package?.package.value.capabilities ?? [];
  return nodesOf(scene, placed).flatMap((node) => {
    const lacking = needed.filter((capability) => !node.value.capabilities.includes(capability));
    if (lacking.length === 0) return [];
    const message = `node ${node.value.name} lacks ${lacking.map(quote).join(", ")}, which package ${placed.instance.package} needs`;
    const hint = `add it to \`capabilities\` in ${node.file} if the node has it, or place the instance elsewhere`;
    return [problemAt(placed.layer, { code: "K1109", path: `instances.${placed.name}`, message, hint })];
  });
}
