import type * as z from "zod";

import { type Finding, isJsonObject, type Json, parseKeyPath, ownOf } from "@keelson/model";

import { shapeOf } from "./document-shape.ts";
import { maxProblems } from "./document.ts";
import {
  type Checked,
  type Path,
  explainIssue,
  explainUnknownKey,
  findMeant,
  findUnknownKeys,
  textOf,
  valueAt,
} from "./issue.ts";

/** What is found wrong in the content of a document, and what is left when that is put right or left out. */
export interface MendedValue<T> {
  /** Null when too little is left to say anything of it. */
  value: T | null;
  findings: Finding[];
  /** Paths of what is left out, as `keyPath` writes them. */
  leftOut: string[];
  /** Where a path of the value stands in the document: of a misspelt key, below its name there. */
  asWritten: (path: string) => string;
}

export interface MendRules {
  /** Values of keys of the document that are known from its place. */
  known?: Readonly<Record<string, string>>;
  /** Paths without which others would get the blame: what holds one is left out with it. */
  vital?: RegExp;
}

/** A document is nested less deeply; each pass gets one level further. */
const maxPasses = 16;

interface Mending {
  value: Json;
  findings: Map<string, Finding>;
  leftOut: Set<string>;
  /** Paths of the value that have another name in the document, with that. */
  written: Map<string, Path>;
  unknown: number;
  hasChanged: boolean;
}

/**
 * Finds all that is wrong in a document, and not only what is met first: a misspelt key counts as the one that it was
 * meant to be, any other unknown key and a wrong value are left out, and the rest is looked at again.
 */
export function mendValue<T>(
  found: Json,
  { schema, rules }: { schema: z.ZodType<T>; rules: MendRules },
): MendedValue<T> {
  const shape = shapeOf(schema);
  const mending: Mending = {
    value: structuredClone(found),
    findings: new Map(),
    leftOut: new Set(),
    written: new Map(),
    unknown: 0,
    hasChanged: true,
  };
  let value: T | null = null;
  for (let pass = 0; pass < maxPasses && value === null && mending.hasChanged; pass++) {
    mending.hasChanged = false;
    const parsed = schema.safeParse(mending.value);
    if (parsed.success) value = parsed.data;
    else settleIssues(mending, { issues: parsed.error.issues, shape, rules });
  }
  return {
    value,
    findings: [...mending.findings.values()],
    leftOut: [...mending.leftOut],
    asWritten: (path) =>
      mending.written.size === 0 ? path : textOf(writtenPath(mending, parseKeyPath(path))),
  };
}

interface Issues {
  issues: readonly z.core.$ZodIssue[];
  shape: Checked["shape"];
  rules: MendRules;
}

/** Unknown keys first: what seems to be missing may only be misspelt. */
function settleIssues(mending: Mending, { issues, shape, rules }: Issues): void {
  const checked = { value: mending.value, shape };
  const unknown = issues.flatMap((issue) => findUnknownKeys(checked, issue));
  if (unknown.length > 0) {
    for (const path of unknown) placeKey(mending, { path, checked });
    return;
  }
  for (const finding of issues.flatMap((issue) => explainIssue(checked, issue))) say(mending, finding);
  // Before the first of them is left out, since then others would seem to be missing.
  const wrong = issues.map(({ path }) => ({ path, isThere: valueAt(mending.value, path) !== undefined }));
  for (const { path, isThere } of wrong) {
    if (!fillIn(mending, { path, rules }))
      leaveOut(mending, { path: isThere ? path : path.slice(0, -1), rules });
  }
}

function say(mending: Mending, finding: Finding): void {
  const path = parseKeyPath(finding.path);
  // What was left out is missing, and what only seemed to be meant may not fit: neither is a mistake of its own.
  if (finding.code === "K1012" ? mending.leftOut.has(finding.path) : mending.written.has(keyOf(path))) return;
  const said = `${finding.code} ${finding.path} ${finding.message}`;
  if (mending.findings.size <= maxProblems) mending.findings.set(said, finding);
}

/** Takes an unknown key away, and gives its value to the key that was meant, when that is not there. */
function placeKey(mending: Mending, { path, checked }: { path: Path; checked: Checked }): void {
  const key = String(path.at(-1));
  const holder = valueAt(mending.value, path.slice(0, -1));
  // Looking for what was meant takes time, and nobody misspells so many.
  const isOneOfMany = ++mending.unknown > maxProblems + 1;
  if (!isJsonObject(holder) || isOneOfMany) return takeAway(mending, path);
  say(mending, explainUnknownKey(checked, path));
  const meant = findMeant(checked, path);
  const value = holder[key] ?? null;
  takeAway(mending, path);
  const [first, ...below] = meant ?? [];
  if (first === undefined || Object.hasOwn(holder, first)) return;
  holder[first] = below.length === 0 ? value : { [key]: value };
  const place = [...path.slice(0, -1), first, ...below];
  mending.written.set(keyOf(place), writtenPath(mending, path));
}

/** Puts in what the place of the document says of a key that is missing or wrong. */
function fillIn(mending: Mending, { path, rules }: { path: Path; rules: MendRules }): boolean {
  const key = String(path[0]);
  const known = path.length === 1 ? ownOf(rules.known, key) : undefined;
  if (known === undefined || !isJsonObject(mending.value) || mending.value[key] === known) return false;
  mending.value[key] = known;
  mending.leftOut.add(key);
  mending.hasChanged = true;
  return true;
}

function leaveOut(mending: Mending, { path, rules }: { path: Path; rules: MendRules }): void {
  let end = path.length;
  const isVital = () => rules.vital?.test(textOf(path.slice(0, end))) === true;
  // Without an item, the others of its list would have other places.
  while (end > 0 && (typeof path[end - 1] === "number" || isVital())) end--;
  if (end === 0) return;
  const left = path.slice(0, end);
  mending.leftOut.add(textOf(left));
  takeAway(mending, left);
}

function takeAway(mending: Mending, path: Path): void {
  const holder = valueAt(mending.value, path.slice(0, -1));
  const key = String(path.at(-1));
  if (!isJsonObject(holder) || !Object.hasOwn(holder, key)) return;
  delete holder[key];
  mending.hasChanged = true;
}

/** The way to a place of the value in the document: below the nearest key that has another name there. */
function writtenPath({ written }: Pick<Mending, "written">, path: Path): Path {
  for (let length = path.length; length > 0; length--) {
    const start = written.get(keyOf(path.slice(0, length)));
    if (start !== undefined) return [...start, ...path.slice(length)];
  }
  return path;
}

function keyOf(path: Path): string {
  return JSON.stringify(path.map(String));
}
