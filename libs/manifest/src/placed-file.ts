import {
  type Finding,
  type Located,
  type Package,
  type PackageFile,
  type PlacedFile,
  compareText,
  gitsOwn,
  quote,
} from "@keelson/model";
import { foldName } from "@keelson/nar";

import { type FilePattern, type MatchBudget, matchesPattern, parsePattern } from "./file-pattern.ts";
import { fileFinding } from "./named-file.ts";
import { pathFault } from "./path-rule.ts";
import type { FolderFiles } from "./tree.ts";

/** Each pattern is compared with every file of the package. */
const mostPatterns = 64;

/** For all patterns together, of names and characters of names, on average for each file; people's take some tens. */
const mostComparisons = 4_000;

/** What is wrong with an entry may be wrong with each of thousands of files. */
const mostFindings = 5;

type Document = Located<Package>;

/**
 * The files that the entries of `files` place, in their order, those of one pattern by path; and what is wrong with them. No
 * pattern means those `apart`, which Compose reads.
 */
export function placeFiles(
  document: Document,
  { files, apart }: { files: FolderFiles; apart: readonly string[] },
): { placed: PlacedFile[]; findings: Finding[] } {
  const { files: entries } = document.value;
  const findings: Finding[] = [];
  const placed: PlacedFile[] = [];
  const candidates = [...files.keys()]
    .filter((path) => path !== "package.yaml" && !apart.includes(path) && !gitsOwn.test(path))
    .sort(compareText);
  let patterns = 0;
  const budget = { left: mostComparisons * candidates.length };
  for (const [entry, file] of entries.entries()) {
    const source = sourceOf(file);
    if (source === null) {
      findings.push(sourceFinding(file, entry));
      continue;
    }
    const pattern = files.has(source.text) ? null : parsePattern(source.text);
    const path = `files[${entry}].${source.key}`;
    if (pattern === null) {
      findings.push(
        ...fileFinding({ path, name: source.text, files }).map((finding) =>
          withFolderHint(finding, { source, candidates }),
        ),
      );
      placed.push({ entry, source: source.text, to: file.to, isRendered: isRendered(source) });
    } else if (++patterns > mostPatterns) {
      const message = `there are more than ${mostPatterns} patterns`;
      findings.push({
        code: "K1006",
        path,
        message,
        hint: "Split the package, or name folders.",
        part: "value",
      });
    } else {
      const found = expand(pattern, { entry, file, source, candidates, budget });
      if (budget.left < 0) findings.push(costlyFinding(source, path));
      else if (found.length === 0) findings.push(emptyFinding(source, path));
      placed.push(...found);
    }
  }
  return { placed, findings: [...findings, ...doubleFindings(document, placed), ...targetFindings(placed)] };
}

/** Compose takes a folder by its bare name, so people write that. */
function withFolderHint(
  finding: Finding,
  { source, candidates }: { source: EntrySource; candidates: readonly string[] },
): Finding {
  const isFolder = candidates.some((path) => path.startsWith(`${source.text}/`));
  return isFolder
    ? { ...finding, hint: `for all files of the folder write ${quote(`${source.text}/`)}` }
    : finding;
}

interface EntrySource {
  key: "template" | "from";
  text: string;
}

function sourceOf({ template, from }: PackageFile): EntrySource | null {
  if (template !== undefined) return from === undefined ? { key: "template", text: template } : null;
  return from === undefined ? null : { key: "from", text: from };
}

function sourceFinding({ from }: PackageFile, entry: number): Finding {
  const hint =
    "from copies a file, a folder or what a pattern matches; template also renders names that end in .liquid";
  return from === undefined
    ? { code: "K1012", path: `files[${entry}]`, message: "the key `from` or `template` is missing", hint }
    : {
        code: "K1003",
        path: `files[${entry}].from`,
        message: "`from` and `template` exclude each other",
        hint,
      };
}

function emptyFinding({ text }: EntrySource, path: string): Finding {
  const fault = pathFault(text.replace(/\/$/, ""));
  if (fault !== null) return { code: "K1011", path, message: `${quote(text)} ${fault}`, part: "value" };
  const message = `no file of this package matches ${quote(text)}`;
  const hint =
    "Correct it, or commit the files. * and ? stand for parts of a name, ** for any folders, and folder/ for all below it.";
  return { code: "K1317", path, message, hint, part: "value" };
}

function costlyFinding({ text }: EntrySource, path: string): Finding {
  const message = `${quote(text)} takes too long to be compared with all files of the package`;
  const hint = "Name folders, or leave out wildcards.";
  return { code: "K1006", path, message, hint, part: "value" };
}

function expand(
  pattern: FilePattern,
  of: {
    entry: number;
    file: PackageFile;
    source: EntrySource;
    candidates: readonly string[];
    budget: MatchBudget;
  },
): PlacedFile[] {
  const below = pattern.base === "" ? "" : `${pattern.base}/`;
  const folder = of.file.to.replace(/\/$/, "");
  return of.candidates
    .filter((path) => path.startsWith(below) && matchesPattern(pattern, { path, budget: of.budget }))
    .map((path) => {
      const rendered = isRendered({ ...of.source, text: path });
      const name = path.slice(below.length);
      return {
        entry: of.entry,
        source: path,
        to: `${folder}/${rendered ? name.slice(0, -".liquid".length) : name}`,
        isRendered: rendered,
      };
    });
}

function isRendered({ key, text }: EntrySource): boolean {
  return key === "template" && text.endsWith(".liquid");
}

/** A file that a pattern places may not stand in another entry too: it would not be plain which of them counts. */
function doubleFindings(document: Document, placed: readonly PlacedFile[]): Finding[] {
  const entries = document.value.files.map(sourceOf);
  const isPattern = (entry: number) => {
    const text = entries[entry]?.text ?? "";
    return parsePattern(text) !== null;
  };
  const first = new Map<string, number>();
  const doubles = new Map<string, { entry: number; other: number; sources: string[] }>();
  for (const { entry, source } of placed) {
    const other = first.get(source);
    first.set(source, other ?? entry);
    if (other === undefined || !(isPattern(entry) || isPattern(other))) continue;
    const key = `${entry} ${other}`;
    const double = doubles.get(key) ?? { entry, other, sources: [] };
    double.sources.push(source);
    doubles.set(key, double);
  }
  return [...doubles.values()].map(({ entry, other, sources: [source = "", ...more] }) => {
    const { line } = document.positionOf(`files[${other}].${entries[other]?.key ?? ""}`, "value");
    const others = more.length === 0 ? "" : ` and ${more.length} more`;
    return {
      code: "K1318",
      path: `files[${entry}].${entries[entry]?.key ?? ""}`,
      message: `${quote(source)}${others}: the entry in line ${line} matches it too`,
      hint: "Let only one entry match each file: narrow a pattern, or move the file to another folder.",
      part: "value",
    };
  });
}

/** `to` of each file: inside the folder, and no two that are the same on some disks. */
function targetFindings(placed: readonly PlacedFile[]): Finding[] {
  const findings: Finding[] = [];
  const counts = new Map<number, number>();
  const targets = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const { entry, to } of placed) {
    const refuse = (message: string, hint?: string) => {
      const count = (counts.get(entry) ?? 0) + 1;
      counts.set(entry, count);
      if (count > mostFindings) return;
      findings.push({ code: "K1011", path: `files[${entry}].to`, message, hint, part: "value" });
    };
    const fault = pathFault(to);
    const folded = foldName(to);
    const same = targets.get(folded);
    const above = newFoldersOf(to, folders);
    const file = above.find((folder) => targets.has(folder));
    const below = folders.get(folded);
    if (fault !== null) refuse(`${quote(to)} ${fault}`);
    else if (same === to) refuse(`${quote(to)} is placed twice`, "keep one of them");
    else if (same !== undefined) refuse(`${quote(to)} and ${quote(same)} are one name on some disks`);
    else if (file !== undefined)
      refuse(`${quote(to)} lies in ${quote(targets.get(file) ?? file)}, which is a file`);
    else if (below !== undefined) refuse(`${quote(to)} is also the folder of ${quote(below)}`);
    targets.set(folded, to);
    for (const folder of above) folders.set(folder, to);
  }
  return findings;
}

/**
 * The folders above a path, folded, that were not there before: above a known one all are known. From the inside outwards,
 * since thousands of files can lie in one folder that is very deep.
 */
function newFoldersOf(path: string, known: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
    const folder = foldName(path.slice(0, end));
    if (known.has(folder)) break;
    found.push(folder);
  }
  return found;
}
