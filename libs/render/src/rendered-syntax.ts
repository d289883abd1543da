import type { Problem } from "@keelson/model";
import { Lexer, LineCounter, parseAllDocuments } from "yaml";

import { findJsonFault } from "@keelson/model";

import type { TemplateBudget } from "./template-budget.ts";
import { TemplateRefusal, unlessPaid } from "./template-refusal.ts";
import { findRepeatedKey } from "./repeated-key.ts";

interface SyntaxFault {
  line: number;
  column: number;
  message: string;
}

/** The parser keeps some hundred bytes for each name, sign and space. */
const maxYamlTokens = 500_000;
const stepsOfToken = 10;
const tooDeep = "it is nested too deeply";
const charactersPerStep = 16;

/**
 * A rendered `.json` or `.yaml` must parse: a broken file would be noticed only when its service has stopped. Parsing is
 * paid from the budget of the instance's templates, since a file is soon written of which the parser makes gigabytes.
 */
export function checkSyntax(
  to: string,
  rendered: { text: string; template: string; budget: TemplateBudget },
): Problem[] {
  const format = /\.(json|ya?ml)$/.exec(to)?.[1];
  if (format === undefined || rendered.budget.isSpent) return [];
  const check = () => checkFormat(to, { ...rendered, format: format === "json" ? "JSON" : "YAML" });
  return unlessPaid(rendered.template, check);
}

function checkFormat(
  to: string,
  rendered: { text: string; template: string; budget: TemplateBudget; format: "JSON" | "YAML" },
): Problem[] {
  const { format } = rendered;
  const fault = format === "JSON" ? findJsonError(rendered) : findYamlError(rendered, { to });
  if (fault === null) return [];
  const sourceLine = rendered.text.split("\n")[fault.line - 1];
  return [
    {
      code: "K1303",
      file: rendered.template,
      line: fault.line,
      column: fault.column,
      path: "",
      message: `${to} as rendered is not valid ${format}: ${fault.message}`,
      hint: "Line and column are those of the rendered file, which `keelson render` writes out. A value that may hold quotes or line breaks is safe as {{ value | json }}. A dialect that only its program can read has check: none.",
      ...(sourceLine === undefined || sourceLine.length > 500 ? {} : { sourceLine }),
    },
  ];
}

interface Rendered {
  text: string;
  budget: TemplateBudget;
}

function findJsonError({ text, budget }: Rendered): SyntaxFault | null {
  budget.step(text.length / charactersPerStep);
  try {
    JSON.parse(text);
    return null;
  } catch {
    // Its message is V8's, and often without a place.
    const fault = findJsonFault(text) ?? { offset: 0, expected: "JSON" };
    const before = text.slice(0, fault.offset).split("\n");
    return {
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      message: `expected ${fault.expected}`,
    };
  }
}

function findYamlError({ text, budget }: Rendered, { to }: { to: string }): SyntaxFault | null {
  budget.step(countTokens(text, to) * stepsOfToken);
  const lineCounter = new LineCounter();
  try {
    // The parser would compare each key with all before it.
    const documents = parseAllDocuments(text, { logLevel: "silent", uniqueKeys: false, lineCounter });
    for (const document of documents) {
      const [error] = document.errors;
      if (error === undefined) continue;
      const place = error.linePos?.[0] ?? { line: 1, col: 1 };
      const said = (error.message.split("\n")[0] ?? "").replace(/ at line \d+.*$/, "");
      const message = /call stack/.test(said) ? tooDeep : said;
      return { line: place.line, column: place.col, message };
    }
    const repeated = findRepeatedKey(documents);
    if (repeated === null) return null;
    const { line, col } = lineCounter.linePos(repeated);
    return { line, column: col, message: "Map keys must be unique" };
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError) return { line: 1, column: 1, message: tooDeep };
    throw error;
  }
}

/** Throws K1316 above the limit. */
function countTokens(text: string, to: string): number {
  const tokens = new Lexer().lex(text);
  for (let count = 0; count <= maxYamlTokens; count++) if (tokens.next().done === true) return count;
  throw new TemplateRefusal({
    code: "K1316",
    message: `${to} is too large to be checked (over ${maxYamlTokens.toLocaleString("en-US")} names, signs and spaces of YAML)`,
    hint: "Split it, write it as JSON, or say check: none: then it is not checked.",
  });
}
