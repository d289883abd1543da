import { isReservedVariable } from "./reserved-variable.ts";

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

/** Names that a text needs a value for, since it has no default for them; and those that Compose always fills in by itself. */
export function neededVariables(text: string): string[] {
  const found = [...text.matchAll(/\$(?:\$|([a-z_]\w*)|\{([a-z_]\w*)(:?[-+])?)/giu)];
  const needed = found.flatMap(([, plain, braced = "", sign]) => {
    if (plain !== undefined) return plain;
    return sign === undefined || isReservedVariable(braced) ? braced : [];
  });
  return [...new Set(needed.filter((name) => name !== ""))];
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

/** The same, where the text needs no other variables than these; null otherwise. */
export function fillKnown(text: string, variables: Readonly<Record<string, string>>): string | null {
  const isKnown = neededVariables(text).every(
    (name) => Object.hasOwn(variables, name) && !isReservedVariable(name),
  );
  return isKnown ? fillVariables(text, variables) : null;
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
