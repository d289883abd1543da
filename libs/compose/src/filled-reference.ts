import { isReservedVariable } from "@keelson/model";

import { type ComposeNode, withChildren } from "./compose-node.ts";
import { askedVariables, fillVariables } from "./variables.ts";

/**
 * The document with the variables of the files that it names in their places, and those texts: the file that is judged is then
 * the one that Compose reads. A text with a variable that nothing declares stays as it is.
 */
export function withFilledReferences(
  root: ComposeNode,
  variables: Readonly<Record<string, string>>,
): { root: ComposeNode; texts: string[] } {
  const texts: string[] = [];
  const fill = (node: ComposeNode, path: readonly string[]): ComposeNode => {
    if (node.kind === "scalar") {
      const text = isReference(path) ? fillText(node.value, variables) : null;
      if (text === null) return node;
      texts.push(text);
      return { ...node, value: text, literal: null };
    }
    const children = [...node.children].map(([key, child]): [string, ComposeNode] => [
      key,
      mayHold(path) ? fill(child, [...path, key]) : child,
    ]);
    return children.every(([key, child]) => node.children.get(key) === child)
      ? node
      : withChildren(node, children);
  };
  return { root: fill(root, []), texts };
}

function fillText(value: ComposeNode["value"], variables: Readonly<Record<string, string>>): string | null {
  if (typeof value !== "string" || !value.includes("$")) return null;
  const isKnown = askedVariables(value, "repository").every(
    (name) => Object.hasOwn(variables, name) && !isReservedVariable(name),
  );
  return isKnown ? fillVariables(value, variables) : null;
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
