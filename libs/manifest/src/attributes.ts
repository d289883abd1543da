import {
  type AttributeLine,
  type AttributeState,
  type AttributeValue,
  readAttributeLines,
} from "./attribute-line.ts";
import { compileAttributePattern } from "./attribute-pattern.ts";
import { type CaseRule, foldCase } from "./byte-set.ts";
import type { Meter, Wildcard } from "./wildcard.ts";

/** A file of attributes whose patterns count from a folder of their own. */
export interface AttributeText {
  /** What problems call it. */
  file: string;
  bytes: Uint8Array;
  /** A path of the state repository as this file's patterns see it; null when the file says nothing of it. */
  pathIn: (path: string) => string | null;
  mayHaveMacros: boolean;
}

/** What holds for one path, and the word that says so. */
export interface Attribute {
  value: AttributeValue;
  source: AttributeState & { file: string; line: number };
}

/** The attributes of a path; one that no line mentions is not there. A folder's path ends with a slash. */
export type Attributes = ReadonlyMap<string, Attribute>;

interface Rule {
  text: AttributeText;
  line: AttributeLine;
  matches: Wildcard;
}

/** Git's own macro (gitattributes(5)). */
const builtIn = readAttributeLines("[attr]binary -diff -merge -text", { mayHaveMacros: true });

/** What patterns and paths together may cost: some seconds. */
const mostSteps = 50_000_000;

/**
 * Reads attributes as Git does: of files given weakest first, later lines win, and a macro that is set brings its own.
 * Returns null for a path when patterns and paths have become too many to compare.
 */
export function openAttributes(
  texts: readonly AttributeText[],
  rule: CaseRule,
): (path: string) => Attributes | null {
  const rules: Rule[] = [];
  const macros = new Map<string, AttributeLine>();
  for (const line of builtIn) if (line.macro !== null) macros.set(line.macro, line);
  for (const text of texts) {
    for (const line of readAttributeLines(byteText(text.bytes), text)) {
      if (line.macro !== null) macros.set(line.macro, line);
      else rules.push({ text, line, matches: compileAttributePattern(line.pattern, rule) });
    }
  }
  rules.reverse();
  const meter: Meter = { left: mostSteps };
  return (path) => {
    const found = new Map<string, Attribute>();
    const seen = new Map(texts.map((text) => [text, pathBytes(text.pathIn(path), rule)]));
    for (const { text, line, matches } of rules) {
      const bytes = seen.get(text) ?? null;
      if (bytes === null) continue;
      if (--meter.left < 0) return null;
      if (matches(bytes, meter)) {
        take(line.states, {
          found,
          macros,
          source: (word) => ({ ...word, file: text.file, line: line.line }),
        });
      }
    }
    return found;
  };
}

interface Taking {
  found: Map<string, Attribute>;
  macros: ReadonlyMap<string, AttributeLine>;
  source: (word: AttributeState) => Attribute["source"];
}

/** The last word of a line wins, and what is known already stays. What a macro brings is said by the word that sets it. */
function take(states: readonly AttributeState[], { found, macros, source }: Taking): void {
  for (const state of states.toReversed()) {
    if (found.has(state.name)) continue;
    found.set(state.name, { value: state.value, source: source(state) });
    const macro = state.value === true ? macros.get(state.name) : undefined;
    if (macro !== undefined) take(macro.states, { found, macros, source: () => source(state) });
  }
}

function pathBytes(path: string | null, rule: CaseRule): string | null {
  return path === null ? null : foldCase(byteText(new TextEncoder().encode(path)), rule);
}

/** One character for each byte, as Git compares. */
function byteText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
