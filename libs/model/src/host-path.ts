/** `pathToken`, wherever a package has put it: in a bind, or in an argument of its program. */
const token = /\/+__keelson-path-([a-z0-9-]+)__/g;

/**
 * The same JSON with the node's paths for their names. A name that the node does not have stays as it is: what binds it is
 * never planned.
 */
export function withHostPaths<T>(value: T, paths: Readonly<Record<string, string>>): T {
  const fill = (found: string, name: string) => (Object.hasOwn(paths, name) ? (paths[name] ?? found) : found);
  const filled: T = JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    typeof part === "string" ? part.replaceAll(token, fill) : part,
  );
  return filled;
}
