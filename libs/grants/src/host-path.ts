import { pathTokenPattern } from "@keelson/model";

/** An absolute path without `.`, `..`, double slashes and a slash at its end, as the engine cleans it. */
export function normalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}

/** A path as a grant names it: absolute, or a name with what is below it. A name is never climbed out of. */
export function grantPath(path: string): string {
  if (path.startsWith("/")) return normalPath(path);
  return path
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/");
}

/** Whether a path is another one or below it, by whole segments: `/a/bc` is not below `/a/b`. */
export function isBelow(path: string, folder: string): boolean {
  if (path.split("/").includes("..") || folder.split("/").includes("..")) return false;
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** The source of a bind as a grant names it. */
export function sourcePath(source: string): string {
  const [token, name = ""] = pathTokenPattern.exec(source) ?? [];
  return token === undefined ? normalPath(source) : grantPath(`${name}/${source.slice(token.length)}`);
}
