import { type ErrorCode, type ParsedNode, type YAMLParseError, type YAMLWarning, parseDocument } from "yaml";

import type { Problem } from "@keelson/model";

import { type DocumentText, problemIn } from "./text.ts";

/** The faults after the first ones are most often their consequences. */
const maxFaults = 5;

export interface YamlSyntax {
  /** Null for an empty document. With problems it is what could be made of the text. */
  root: ParsedNode | null;
  problems: Problem[];
}

/**
 * Reads exactly one YAML 1.2 document (core schema, no other tags) and translates what `yaml` finds wrong.
 * Keys that stand twice are found later: the library compares each key with all others, which takes seconds
 * for a hostile document.
 */
export function parseYaml(document: DocumentText): YamlSyntax {
  const parsed = parseDocument(document.text, {
    version: "1.2",
    schema: "core",
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
    keepSourceTokens: false,
  });
  const problems = faultProblems(document, [...parsed.errors, ...parsed.warnings]);
  const version = parsed.directives?.yaml.version;
  if (version !== undefined && version !== "1.2") {
    const message = `the document asks for YAML ${version}`;
    problems.push(problemIn(document, { offset: 0, code: "K1001", message, hint: "remove the %YAML line" }));
  }
  return { root: parsed.contents, problems };
}

function faultProblems(document: DocumentText, faults: readonly (YAMLParseError | YAMLWarning)[]): Problem[] {
  const exhausted = faults.find((fault) => fault.code === "RESOURCE_EXHAUSTION");
  if (exhausted !== undefined) {
    return [problemIn(document, { offset: exhausted.pos[0], code: "K1006", message: "nested too deeply" })];
  }
  const firstOfLine = new Map<number, Problem>();
  for (const fault of faults) {
    const said = { code: "K1001", message: messageOf(fault), hint: hints[fault.code] };
    const problem = problemIn(document, { offset: fault.pos[0], ...said });
    if (!firstOfLine.has(problem.line)) firstOfLine.set(problem.line, problem);
    if (firstOfLine.size >= maxFaults) break;
  }
  return [...firstOfLine.values()];
}

function messageOf(fault: YAMLParseError | YAMLWarning): string {
  return (
    messages[fault.code] ?? `not YAML: ${fault.message.charAt(0).toLowerCase()}${fault.message.slice(1)}`
  );
}

const messages: { [code in ErrorCode]?: string } = {
  BLOCK_AS_IMPLICIT_KEY: "a second `: ` on one line",
  MULTIPLE_DOCS: "a second document in one file",
  TAB_AS_INDENT: "a tab as indentation",
  TAG_RESOLVE_FAILED: "a tag that YAML 1.2 does not know",
  BAD_DIRECTIVE: "an unknown % directive",
};

const hints: { [code in ErrorCode]?: string } = {
  BAD_INDENT: "align the line with its neighbours, and close every bracket",
  BAD_SCALAR_START: "put the value in quotes",
  BLOCK_AS_IMPLICIT_KEY: "put a value that contains `: ` in quotes, or its keys on lines of their own",
  MISSING_CHAR: "close every quote and bracket, and end every key with a colon",
  MULTILINE_IMPLICIT_KEY: "end the key with a colon, or indent the line like its neighbours",
  MULTIPLE_DOCS: "remove everything from the second `---` on",
  TAB_AS_INDENT: "indent with spaces",
  TAG_RESOLVE_FAILED: "remove the tag; values are text, numbers, true, false, null, lists and maps",
  UNEXPECTED_TOKEN: "check the indentation of this line and the one before",
};
