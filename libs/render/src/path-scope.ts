import { linesFor, namesIn } from "@keelson/grants";
import { type Finding, type Grants, keyPath, pathToken } from "@keelson/model";

/** `paths.media` or `paths["media"]`, and not `settings.paths.media`. */
const mention = /(?<![\w.-])paths(?:\.([\w-]+)|\[\s*["']([^"']+)["']\s*\])/g;

/** What `paths` has for a text: a token for each name that it mentions. The node puts its own path there. */
export function pathScope(text: string): Record<string, string> {
  return Object.fromEntries(mentioned(text).map((name) => [name, pathToken(name)]));
}

/** K1462 for each name that a variable mentions and that the environment does not grant the package. */
export function findUngrantedNames(
  variable: { name: string; text: string },
  { allow, reference }: { allow: Grants | "all"; reference: string },
): Finding[] {
  const granted = allow === "all" ? null : namesIn(allow);
  return mentioned(variable.text)
    .filter((name) => granted !== null && !granted.includes(name))
    .map((name) => {
      const { environment, node } = linesFor({ kind: "paths", value: name, service: "" }, reference);
      return {
        code: "K1462",
        path: keyPath(["variables", variable.name]),
        message: `the variable ${variable.name} uses the path ${name} of the node, which the environment does not grant`,
        hint: `To permit it, write in environment.yaml: ${environment}, and in agent.yaml of its nodes: ${node}`,
        part: "value",
      };
    });
}

function mentioned(text: string): string[] {
  return [...new Set([...text.matchAll(mention)].map(([, plain, quoted]) => plain ?? quoted ?? ""))];
}
