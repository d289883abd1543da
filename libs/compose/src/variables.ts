import { type ComposeInput, type Problem, isReservedVariable } from "@keelson/model";

import { type Finding, problemAt } from "./compose-document.ts";
import { stringsOf } from "./compose-node.ts";
import type { Participant } from "./participant.ts";

/**
 * Names of the variables a text would interpolate, as often as they stand in it, defaults inside of defaults included
 * (Compose specification, interpolation: `$NAME`, `${NAME}`, `${NAME:-default}`; `$$` is a dollar sign). As for Compose,
 * what Unicode takes for another case of a letter is a letter too, so that `ſ` and the Kelvin sign can stand in a name.
 */
export function mentionsOf(text: string): string[] {
  return [...text.matchAll(/\$(?:\$|([a-z_]\w*)|\{([a-z_]\w*))/giu)].flatMap(
    ([, plain, braced]) => plain ?? braced ?? [],
  );
}

/** The same, each name once. */
export function variablesOf(text: string): string[] {
  return [...new Set(mentionsOf(text))];
}

/** How long a text can become when its variables are filled in, by their lengths. */
export function filledLength(text: string, lengthOf: (name: string) => number): number {
  return mentionsOf(text).reduce((length, name) => length + lengthOf(name), text.length);
}

/** How many variables of a text have a default, an error or a replacement. */
export function defaultsOf(text: string): number {
  return [...text.matchAll(/\$\{[a-z_]\w*:?[-+?]/giu)].length;
}

/** Compose goes through a default in a default again for each level. */
export const maxNesting = 8;

/** How deep the variables of a text stand in defaults of others. */
export function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [mark] of text.matchAll(/\$\{|\}/g)) {
    depth = mark === "}" ? Math.max(0, depth - 1) : depth + 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** `${NAME}` with what may stand behind the name, where no other variable stands in that; and `$NAME`. */
const innermost = /\$(?:([a-z_]\w*)|\{([a-z_]\w*)(?:(:?[-?+])([^${}]*))?\})/giu;

/** The value of a declared variable; an own entry only, since a variable may have a name that every object answers to. */
export function valueOf(name: string, variables: Readonly<Record<string, string>>): string {
  return Object.hasOwn(variables, name) ? (variables[name] ?? "") : "";
}

/** The text with declared variables in their places, as Compose fills them in; null when something else is left of one. */
export function fillVariables(text: string, variables: Readonly<Record<string, string>>): string | null {
  const filled = fillAll(text, variables);
  return /[$\0]/.test(filled) ? null : filled;
}

/** The same, whatever is left; a dollar sign that is no variable is written as `\0`. */
export function fillAll(text: string, variables: Readonly<Record<string, string>>): string {
  let filled = text;
  for (let level = 0; level <= maxNesting && filled.includes("$"); level++) {
    filled = filled.replace(innermost, (_, plain?: string, braced?: string, sign = "", other = "") => {
      const name = plain ?? braced ?? "";
      // A dollar sign in a value is no variable, on the next level neither.
      const value = valueOf(name, variables).replaceAll("$", "\0");
      const isMissing = sign.startsWith(":") ? value === "" : !Object.hasOwn(variables, name);
      if (sign.endsWith("+")) return isMissing ? "" : other;
      return sign.endsWith("-") && isMissing ? other : value;
    });
  }
  return filled;
}

/**
 * K1411 for each variable of a Compose file that nothing declares. In a repository, one that has a default or a replacement of its
 * own needs no declaration, as people write their files.
 */
export function findUndeclared(participants: readonly Participant[], { reach }: ComposeInput): Problem[] {
  return participants.flatMap(({ document, variables }) =>
    [...stringsOf(document.root)].flatMap(({ text, path }) =>
      askedVariables(text, reach)
        .filter((name) => isReservedVariable(name) || !Object.hasOwn(variables, name))
        .map((name) => problemAt(document, undeclared(name, { path, reach }))),
    ),
  );
}

/** Names that must be declared for a text: in a package all, in a repository those without a default of their own. */
export function askedVariables(text: string, reach: ComposeInput["reach"]): string[] {
  if (reach === "package") return variablesOf(text);
  const found = [...text.matchAll(/\$(?:\$|([a-z_]\w*)|\{([a-z_]\w*)(:?[-+])?)/giu)];
  const asked = found.flatMap(([, plain, braced = "", sign]) => {
    if (plain !== undefined) return plain;
    // Compose fills these in by itself, so that no default ever counts.
    return sign === undefined || isReservedVariable(braced) ? braced : [];
  });
  return [...new Set(asked.filter((name) => name !== ""))];
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
