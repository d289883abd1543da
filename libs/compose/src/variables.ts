import type { ComposeInput, Problem } from "@keelson/model";

import { type Finding, problemAt } from "./compose-document.ts";
import { stringsOf } from "./compose-node.ts";
import type { Participant } from "./participants.ts";

/**
 * Names of the variables a text would interpolate, defaults inside of defaults included
 * (Compose specification, interpolation: `$NAME`, `${NAME}`, `${NAME:-default}`; `$$` is a dollar sign).
 */
export function variablesOf(text: string): string[] {
  return [...new Set(usesOf(text))];
}

/** As `variablesOf`, each as often as it is used. */
export function usesOf(text: string): string[] {
  const found = text.matchAll(/\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*))/g);
  return Array.from(found, ([, plain, braced]) => plain ?? braced).filter((name) => name !== undefined);
}

/** K1411 for each variable of a Compose file that the package does not declare. */
export function findUndeclared(participants: readonly Participant[], input: ComposeInput): Problem[] {
  return participants.flatMap(({ document }) =>
    [...stringsOf(document.root)].flatMap(({ text, path }) =>
      variablesOf(text)
        .filter((name) => !Object.hasOwn(input.variables, name))
        .map((name) => problemAt(document, undeclared(name, path))),
    ),
  );
}

export function undeclared(name: string, path: readonly string[]): Finding {
  return {
    code: "K1411",
    path,
    message: `the variable ${name} is not declared`,
    hint: isReservedVariable(name)
      ? `Compose would fill in a value of its own; ${reservedHint.replace("Use", "use")}`
      : `Declare ${name} under variables in package.yaml, or write $$ for a dollar sign.`,
  };
}

export const reservedHint =
  "Use a variable with a name that does not begin with COMPOSE_ or DOCKER_ and is neither HOME nor PWD.";

/**
 * Variables that would steer Compose, that Keelson sets for it, or that Compose sets itself whatever is declared: PWD is
 * the folder that it was started in.
 */
export function isReservedVariable(name: string): boolean {
  return /^(COMPOSE|DOCKER)_/.test(name) || name === "HOME" || name === "PWD";
}

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
