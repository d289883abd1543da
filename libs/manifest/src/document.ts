import { type ParsedNode, isScalar } from "yaml";

import {
  problemOf,
  sortProblems,
  type Json,
  type Located,
  type Problem,
  type SourceFile,
  findJsonFault,
} from "@keelson/model";

import { type DocumentText, problemIn, readText } from "./text.ts";
import { findPlace } from "./yaml-place.ts";
import { parseYaml } from "./yaml-syntax.ts";
import { type NodeFinding, valueOf } from "./yaml-value.ts";

/** A hostile document must not fill the output. */
export const maxProblems = 50;

export interface ParsedDocument {
  /** With problems it holds what could be read all the same; null when nothing could. */
  document: Located<Json> | null;
  problems: Problem[];
}

/**
 * Reads a YAML 1.2 or, by its name, JSON document into a JSON value with the place of each key.
 * All that is wrong comes back as problems; it never throws, whatever the bytes.
 */
export function parseDocument(file: SourceFile): ParsedDocument {
  if (file.refused === true) return { document: null, problems: [] };
  const text = readText(file);
  if ("code" in text) return { document: null, problems: [text] };
  const syntax = parseYaml(text);
  const json = file.path.endsWith(".json") ? jsonProblems(text) : [];
  const { value, aliases, findings } = valueOf(syntax.root);
  const document: Located<Json> = {
    file: file.path,
    value,
    positionOf: (path, part = "key") => {
      const place = findPlace({ root: syntax.root, aliases }, path);
      return text.positionAt(startOf(part === "key" ? place.key : (place.value ?? place.key)));
    },
    numberText: (path) => {
      const { value: node } = findPlace({ root: syntax.root, aliases }, path);
      return numberTextOf(node === null ? null : (aliases.get(node) ?? node));
    },
    lineText: text.lineText,
  };
  const faults = json.length > 0 ? json : syntax.problems;
  // The value of a broken text has faults that nobody wrote.
  const problems = faults.length > 0 ? faults : findings.map((finding) => findingProblem(text, finding));
  return { document, problems: limitProblems(problems) };
}

function numberTextOf(node: ParsedNode | null): string | null {
  return isScalar(node) && typeof node.value === "number" ? (node.source ?? null) : null;
}

/** The first problems, sorted, and one that says that there are more; those are not searched for. */
export function limitProblems(problems: Iterable<Problem>): Problem[] {
  const limited: Problem[] = [];
  for (const problem of problems) {
    limited.push(problem);
    if (limited.length > maxProblems) break;
  }
  const shown = sortProblems(limited.slice(0, maxProblems));
  const last = shown.at(-1);
  if (limited.length <= maxProblems || last === undefined) return shown;
  const { file, line, column } = last;
  const more = problemOf(file, { code: "K1006", message: "more problems than are shown" });
  return [...shown, { ...more, line, column }];
}

function jsonProblems(text: DocumentText): Problem[] {
  const fault = findJsonFault(text.text);
  if (fault === null) return [];
  const { offset, expected } = fault;
  return [problemIn(text, { code: "K1001", offset, message: `not JSON: expected ${expected}` })];
}

function findingProblem(text: DocumentText, finding: NodeFinding): Problem {
  return problemIn(text, { ...finding, offset: startOf(finding.node) });
}

function startOf(node: ParsedNode | null): number {
  return node?.range?.[0] ?? 0;
}
