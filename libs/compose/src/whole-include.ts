import { join } from "node:path";

import type { ComposeInput } from "@keelson/model";

import { type ComposeNode, withChildren } from "./compose-node.ts";
import { localFolder } from "./local-path.ts";

interface Place extends Pick<ComposeInput, "reach"> {
  /** Where relative paths of the document start, in the repository. */
  folder: string;
  /** Where the repository lies. */
  repository: string;
}

/**
 * The document with whole paths in `env_file` and `project_directory` of its includes. In an included file Compose looks for
 * relative ones from the folder in which it was started, or from yet another one.
 */
export function withWholeIncludes(root: ComposeNode, place: Place): ComposeNode {
  const include = root.children.get("include");
  if (include?.kind !== "list") return root;
  const entries = [...include.children].map(([index, entry]): [string, ComposeNode] => [
    index,
    entry.kind === "map" ? withWholePaths(entry, place) : entry,
  ]);
  const children = [...root.children].map(([key, child]): [string, ComposeNode] => [
    key,
    child === include ? withChildren(include, entries) : child,
  ]);
  return withChildren(root, children);
}

function withWholePaths(entry: ComposeNode, place: Place): ComposeNode {
  const children = [...entry.children].map(([key, child]): [string, ComposeNode] => [
    key,
    key === "env_file" || key === "project_directory" ? withWholePath(child, place) : child,
  ]);
  return withChildren(entry, children);
}

/** Of a text, or of each in a list. What is no path of the repository, such as `/dev/null`, stays. */
function withWholePath(node: ComposeNode, place: Place): ComposeNode {
  if (node.kind !== "scalar") {
    const children = [...node.children].map(([key, child]): [string, ComposeNode] => [
      key,
      withWholePath(child, place),
    ]);
    return withChildren(node, children);
  }
  const { path } = localFolder(node.value, place);
  return path === null ? node : { ...node, value: join(place.repository, path), literal: null };
}
