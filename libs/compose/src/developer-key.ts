import { type ComposeNode, withChildren } from "./compose-node.ts";

/** Keys of a service for the machine of a developer, where images are built. Nodes run images, so Compose never sees them. */
const developerKeys = new Set(["build", "develop"]);

/** The document without them, and the services that have a build. */
export function withoutDeveloperKeys(root: ComposeNode): { root: ComposeNode; built: ReadonlySet<string> } {
  const services = root.children.get("services");
  if (services?.kind !== "map") return { root, built: new Set() };
  const built = new Set<string>();
  const kept = new Map<string, ComposeNode>();
  for (const [name, service] of services.children) {
    if ((service.children.get("build")?.value ?? null) !== null) built.add(name);
    const children = [...service.children].filter(([key]) => !developerKeys.has(key));
    const isWhole = service.kind !== "map" || children.length === service.children.size;
    kept.set(name, isWhole ? service : withChildren(service, children));
  }
  const children = [...root.children].map(([key, child]): [string, ComposeNode] => [
    key,
    child === services ? withChildren(services, kept) : child,
  ]);
  return { root: withChildren(root, children), built };
}
