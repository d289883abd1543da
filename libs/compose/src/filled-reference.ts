import { fillKnown } from "@keelson/model";

import { type ComposeNode, withChildren } from "./compose-node.ts";

type Variables = Readonly<Record<string, string>>;

/**
 * The document with the variables of the files that it names in their places: the file that is judged is then the one that
 * Compose reads. `written` are the variables of `.env` and of settings, which alone are known where files are read from the repository. A text
 * stays as it is when they do not fill it in, or when other variables win over them.
 */
export function withFilledReferences(
  root: ComposeNode,
  known: { written: Variables; variables: Variables },
): ComposeNode {
  const fill = (node: ComposeNode, path: readonly string[]): ComposeNode => {
    if (node.kind === "scalar") {
      const text = isReference(path) ? fillText(node.value, known) : null;
      return text === null ? node : { ...node, value: text, literal: null };
    }
    const children = [...node.children].map(([key, child]): [string, ComposeNode] => [
      key,
      mayHold(path) ? fill(child, [...path, key]) : child,
    ]);
    return children.every(([key, child]) => node.children.get(key) === child)
      ? node
      : withChildren(node, children);
  };
  return fill(root, []);
}

function fillText(
  value: ComposeNode["value"],
  { written, variables }: { written: Variables; variables: Variables },
): string | null {
  if (typeof value !== "string" || !value.includes("$")) return null;
  const text = fillKnown(value, written);
  return text === fillKnown(value, variables) ? text : null;
}

const includeKeys = ["path", "project_directory", "env_file"];

function isReference([section, ...path]: readonly string[]): boolean {
  const [, key = "", ...rest] = path;
  if (section === "include") return path.length === 1 || includeKeys.includes(key);
  if (section !== "services") return false;
  if (key === "extends") return rest[0] === "file";
  return key === "env_file" || key === "label_file";
}

function mayHold([section]: readonly string[]): boolean {
  return section === undefined || section === "include" || section === "services";
}
