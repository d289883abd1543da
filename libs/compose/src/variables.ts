import {
  type ComposeInput,
  type Problem,
  isReservedVariable,
  neededVariables,
  variablesOf,
} from "@keelson/model";

import { type Finding, problemAt } from "./compose-document.ts";
import { stringsOf } from "./compose-node.ts";
import { joinPath } from "./local-path.ts";
import type { Participants } from "./participant.ts";

/**
 * K1411 for each variable of the Compose files that nothing declares, where it is used first. In a repository, one that has a default
 * or a replacement of its own needs no declaration, as people write their files.
 */
export function findUndeclared(
  { composeFiles, projectFolder }: Pick<Participants, "composeFiles" | "projectFolder">,
  { reach }: ComposeInput,
): Problem[] {
  const told = new Set<string>();
  return composeFiles.flatMap(({ document, variables, role, folder }) => {
    const place = role === "included" ? folder : projectFolder;
    const seeks = reach === "repository" ? { seeks: joinPath(place, ".env") } : {};
    return [...stringsOf(document.root)].flatMap(({ text, path }) =>
      askedVariables(text, reach)
        .filter((name) => isReservedVariable(name) || !Object.hasOwn(variables, name))
        .filter((name) => !told.has(name) && told.add(name))
        .map((name) =>
          problemAt(document, {
            ...(isReservedVariable(name) ? {} : seeks),
            ...undeclared(name, { path, reach }),
          }),
        ),
    );
  });
}

/** Names that must be declared for a text: in a package all, in a repository those without a default of their own. */
export function askedVariables(text: string, reach: ComposeInput["reach"]): string[] {
  return reach === "package" ? variablesOf(text) : neededVariables(text);
}

export function undeclared(
  name: string,
  { path, reach }: { path: readonly string[]; reach: ComposeInput["reach"] },
): Finding {
  const places =
    reach === "package"
      ? "under variables in package.yaml"
      : "in the .env of its folder or under settings of the instance, give it a default";
  return {
    code: "K1411",
    path,
    message: `the variable ${name} is not declared`,
    hint: isReservedVariable(name)
      ? `Compose would fill in a value of its own; ${reservedHint.replace("Use", "use")}`
      : `Declare ${name} ${places}, or write $$ for a dollar sign.`,
  };
}

/** What is wrong with a key under `environment`, or in an `env_file`, that has no value. */
export function withoutValue(name: string): string {
  return `${name} has no value, so Compose would take it from the agent's own environment`;
}

export const reservedHint =
  "Use another name: HOME, PWD, COMPOSE_* and those of Docker's programs, such as DOCKER_HOST, are taken.";

/**
 * The variables as a file for `--env-file`: given as environment of the process, a name such as `LD_PRELOAD` would run
 * code on the node. Values are double-quoted and escaped, so that they are taken as they are.
 */
export function writeVariables(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}="${escapeValue(value)}"\n`)
    .join("");
}

function escapeValue(value: string): string {
  return value
    .replace(/[\\"$]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r");
}
