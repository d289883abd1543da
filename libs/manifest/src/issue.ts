import type * as z from "zod";

import {
  isJsonObject,
  keyPath,
  namePattern,
  type Finding,
  type Json,
  type JsonObject,
  hintFor,
  suggest,
  suggestName,
  describeKind,
  describeValue,
  quote,
} from "@keelson/model";

import { descriptionAt, knownKeys, parentsOf, shapesAt } from "./document-shape.ts";
import { maxProblems } from "./document.ts";

type Issue = z.core.$ZodIssue;
export type Path = readonly PropertyKey[];

/** A document and what it may hold. */
export interface Checked {
  value: Json;
  shape: JsonObject;
}

/** Explains in the user's words what zod found; never "invalid input". */
export function explainIssue(checked: Checked, issue: Issue): Finding[] {
  const path: Path = issue.path;
  const found = valueAt(checked.value, path);
  if (found === undefined) return [explainMissing(checked, path)];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.slice(0, maxProblems + 1).map((key) => explainUnknownKey(checked, [...path, key]));
    case "invalid_union":
      return explainUnion(checked, { issue, found });
    case "invalid_key":
      return [explainKey(path, issue.issues)];
    case "invalid_type":
      return [explainKind(checked, { path, expected: [issue.expected], found })];
    case "invalid_value":
      return [explainChoice({ path, choice: issue.values.map(String), found })];
    default:
      return [explainValue(checked, { issue, found })];
  }
}

function explainMissing(checked: Checked, path: Path): Finding {
  const message = `${quote(String(path.at(-1)))} is missing`;
  return { code: "K1012", path: textOf(path), message, hint: descriptionAt(checked.shape, path) };
}

export function explainUnknownKey(checked: Checked, path: Path): Finding {
  const key = String(path.at(-1));
  const known = knownKeys(shapesAt(checked.shape, path.slice(0, -1)));
  const [parent, ...below] = findMeant(checked, path) ?? [];
  const hint =
    parent === undefined || below.length === 0
      ? hintFor(key, { known, as: "known keys" })
      : `${quote(key)} belongs under ${quote(parent)}`;
  return { code: "K1002", path: textOf(path), message: `unknown key ${quote(key)}`, hint };
}

/** Where below its map the value of an unknown key was meant to stand; null when nothing is near. */
export function findMeant({ shape }: Pick<Checked, "shape">, path: Path): string[] | null {
  const key = String(path.at(-1));
  const shapes = shapesAt(shape, path.slice(0, -1));
  const near = suggest(key, knownKeys(shapes));
  if (near !== undefined) return [near];
  const [parent] = parentsOf(shapes, key);
  return parent === undefined ? null : [parent, key];
}

/** Paths of the keys that nobody knows, also in the branch of a union that was meant. */
export function findUnknownKeys(checked: Checked, issue: Issue): Path[] {
  const found = valueAt(checked.value, issue.path);
  if (found === undefined) return [];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => [...issue.path, key]);
  if (issue.code !== "invalid_union") return [];
  return (branchOf(issue, found) ?? []).flatMap((inner) => findUnknownKeys(checked, inner));
}

function explainKey(path: Path, issues: readonly Issue[]): Finding {
  const key = String(path.at(-1));
  const message = `the key ${quote(key)} ${issues[0]?.message ?? "is not allowed"}`;
  return { code: "K1007", path: textOf(path), message, hint: suggestName(key) };
}

interface WrongKind {
  path: Path;
  expected: readonly string[];
  found: Json;
}

function explainKind(checked: Checked, { path, expected, found }: WrongKind): Finding {
  const wanted = [...new Set(expected.map(describeKind))].join(" or ");
  const message = `${subjectOf(path)}expected ${wanted}, found ${describeValue(found)}`;
  const isBare = typeof found === "number" || typeof found === "boolean";
  let hint = descriptionAt(checked.shape, path);
  if (found === null && path.length > 0) hint = "give it a value, or remove the key";
  if (isBare && wanted === "text") hint = "put the value in quotes";
  return { code: "K1003", path: textOf(path), message, hint, part: "value" };
}

function explainChoice(wrong: { path: Path; choice: readonly string[]; found: Json }): Finding {
  const { path, choice, found } = wrong;
  const shown = typeof found === "string" ? quote(found) : describeValue(found);
  const message = `${subjectOf(path)}expected one of ${choice.join(", ")}; found ${shown}`;
  const meant = typeof found === "string" ? suggest(found, choice) : undefined;
  const hint = meant === undefined ? undefined : `did you mean ${quote(meant)}?`;
  return { code: "K1003", path: textOf(path), message, hint, part: "value" };
}

/** Only the branch that was meant is explained. */
function explainUnion(
  checked: Checked,
  { issue, found }: { issue: z.core.$ZodIssueInvalidUnion; found: Json },
): Finding[] {
  const meant = branchOf(issue, found);
  if (meant !== null) return meant.flatMap((inner) => explainIssue(checked, inner));
  const expected = issue.errors
    .flat()
    .map((inner) => (inner.code === "invalid_type" ? inner.expected : "string"));
  return [explainKind(checked, { path: issue.path, expected, found })];
}

/** The issues of the branch of a union that was meant, the one that takes this kind of value; null when none does. */
function branchOf(issue: z.core.$ZodIssueInvalidUnion, found: Json): Issue[] | null {
  const branches = issue.errors.map((issues) =>
    issues.map((inner): Issue => ({ ...inner, path: [...issue.path, ...inner.path] })),
  );
  const isOtherKind = (inner: Issue): boolean =>
    inner.path.length === issue.path.length &&
    (inner.code === "invalid_type" || (inner.code === "invalid_value" && typeof found !== "string"));
  const [meant] = branches.filter((issues) => !issues.some(isOtherKind)).sort((a, b) => a.length - b.length);
  return meant ?? null;
}

function explainValue(checked: Checked, { issue, found }: { issue: Issue; found: Json }): Finding {
  const { path } = issue;
  const isName = issue.code === "invalid_format" && issue.pattern === String(namePattern);
  const text = typeof found === "string" ? found : typeof found === "number" ? String(found) : "";
  const message = `${subjectOf(path)}${reasonOf(issue)}${text === "" ? "" : `, found ${quote(text)}`}`;
  const hint = (isName ? suggestName(text) : undefined) ?? descriptionAt(checked.shape, path);
  return { code: isName ? "K1007" : "K1003", path: textOf(path), message, hint, part: "value" };
}

function reasonOf(issue: Issue): string {
  if (issue.code === "too_small") {
    if (issue.origin === "array") return `must have at least ${String(issue.minimum)} item`;
    return issue.origin === "string" ? "must not be empty" : `must be at least ${String(issue.minimum)}`;
  }
  if (issue.code !== "too_big") return issue.message;
  return `must be at most ${String(issue.maximum)}${issue.origin === "string" ? " characters" : ""}`;
}

/** The last key of a path, with its list when it is a position in one. */
function subjectOf(path: Path): string {
  const start = typeof path.at(-1) === "number" ? -2 : -1;
  return path.length === 0 ? "" : `${quote(textOf(path.slice(start)))}: `;
}

/** A path as `keyPath` writes it. */
export function textOf(path: Path): string {
  return keyPath(path.map((segment) => (typeof segment === "symbol" ? String(segment) : segment)));
}

/** What stands at a path, or undefined. */
export function valueAt(value: Json, path: Path): Json | undefined {
  let found: Json | undefined = value;
  for (const segment of path) {
    if (Array.isArray(found)) found = found[Number(segment)];
    else if (isJsonObject(found) && Object.hasOwn(found, segment)) found = found[String(segment)];
    else return undefined;
  }
  return found;
}
