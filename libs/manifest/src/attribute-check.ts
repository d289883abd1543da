import {
  type AttributeFile,
  type OuterAttributes,
  type Problem,
  type SourceFile,
  type SourceFiles,
  decodeText,
  problemOf,
  quote,
} from "@keelson/model";

import { type Effect, archiveEffects, fileEffects } from "./attribute-effect.ts";
import { type Attribute, type AttributeText, openAttributes } from "./attributes.ts";

/** The line that keeps Git from changing a byte of a release. */
export const releaseAttributes =
  "releases/** -text -ident -filter -export-subst -export-ignore -working-tree-encoding";

/** More than what a person writes, in one file and in all of them. */
const mostBytes = { file: 256 * 1024, all: 1024 * 1024 };

const shorten = "name folders with `**` in place of single files";

/**
 * Finds the attributes with which Git would change a byte of a release between a commit, its checkout and its archive: a
 * problem for each word at fault, not for each file. `files` has the releases as Git has them, with no link followed;
 * `outer` has the attributes that stand outside of `releases/`.
 */
export function findAttributeFaults(files: SourceFiles, outer: OuterAttributes): Problem[] {
  const released = [...files.values()].filter(({ path }) => /^releases\/[^/]+\/[^/]+\//.test(path));
  if (released.length === 0) return [];
  const inner = [...files.values()]
    .filter(({ path }) => /^releases\/(?:.*\/)?\.gitattributes$/s.test(path))
    .sort((a, b) => a.path.length - b.path.length);
  const clone = outer.clone === null ? [] : [outer.clone];
  const all = [...outer.above, ...clone].map(({ file }) => file).concat(inner);
  const unread = [...all.flatMap(unreadProblem), ...sumProblem(all)];
  // Then it is not known what Git makes of the releases.
  if (unread.length > 0) return unread;
  const texts = [...outer.above.map(outerText), ...inner.map(innerText), ...clone.map(outerText)];
  const blames = findBlames(released, texts);
  if (blames === null) {
    const message = "the patterns are too many to be compared with all files of the releases";
    return [problemOf(texts.at(-1)?.file ?? "", { code: "K1447", message, hint: shorten })];
  }
  return blames.map((blame) => problemFor(blame, { texts, clone: outer.clone?.file.path }));
}

function unreadProblem({ path, mode, bytes, tooLarge }: SourceFile): Problem[] {
  if (mode !== "100644" && mode !== "100755") {
    const message = "Git reads no attributes through a symbolic link";
    return [problemOf(path, { code: "K1447", message, hint: "put the file itself in its place" })];
  }
  if (tooLarge === undefined && bytes.length <= mostBytes.file) return [];
  const message = `the file has more than ${mostBytes.file / 1024} KiB, and is not compared with the releases`;
  return [problemOf(path, { code: "K1447", message, hint: shorten })];
}

function sumProblem(files: readonly SourceFile[]): Problem[] {
  if (files.reduce((sum, { bytes }) => sum + bytes.length, 0) <= mostBytes.all) return [];
  const message = `the files of attributes have more than ${mostBytes.all / 1024} KiB together, and are not compared with the releases`;
  return [problemOf(files.at(-1)?.path ?? "", { code: "K1447", message, hint: shorten })];
}

function outerText({ file, lead, mayHaveMacros }: AttributeFile): AttributeText {
  return { file: file.path, bytes: file.bytes, pathIn: (path) => lead + path, mayHaveMacros };
}

function innerText({ path: file, bytes }: SourceFile): AttributeText {
  const folder = file.slice(0, file.lastIndexOf("/") + 1);
  const isBelow = (path: string) => path.length > folder.length && path.startsWith(folder);
  const pathIn = (path: string) => (isBelow(path) ? path.slice(folder.length) : null);
  return { file, bytes, pathIn, mayHaveMacros: false };
}

interface Blame {
  effect: Effect;
  source: Attribute["source"] | null;
  paths: string[];
  /** Only in clones that ignore the case of names. */
  needsFolding: boolean;
}

/** Null when it would take too long. */
function findBlames(released: readonly SourceFile[], texts: readonly AttributeText[]): Blame[] | null {
  const blames = new Map<string, Blame>();
  const folders = new Set(released.flatMap(({ path }) => foldersOf(path)));
  const asked = [
    ...[...folders].map((path) => ({ path, effects: archiveEffects })),
    ...released.map(({ path, mode }) => ({
      path,
      effects: mode.startsWith("100") ? fileEffects : archiveEffects,
    })),
  ];
  for (const ignoresCase of [false, true]) {
    const attributesOf = openAttributes(texts, { ignoresCase });
    for (const { path, effects } of asked) {
      const attributes = attributesOf(path);
      if (attributes === null) return null;
      for (const effect of effects) {
        const source = effect.blamed(attributes);
        if (source === undefined) continue;
        const key = JSON.stringify([source?.file, source?.line, source?.column, effect.says("")]);
        const blame = blames.get(key) ?? { effect, source, paths: [], needsFolding: ignoresCase };
        // What is to blame in every clone is told of the files that it changes in every clone.
        if (blame.needsFolding === ignoresCase) blame.paths.push(path);
        blames.set(key, blame);
      }
    }
  }
  return [...blames.values()];
}

/** `releases/`, `releases/app/` and so on. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1))
    folders.push(path.slice(0, at + 1));
  return folders;
}

interface Known {
  texts: readonly AttributeText[];
  /** The file that only this clone has. */
  clone: string | undefined;
}

function problemFor({ effect, source, paths, needsFolding }: Blame, { texts, clone }: Known): Problem {
  const others = paths.length - 1;
  const beside = others === 0 ? "" : ` and ${others} more`;
  const done = effect.says(`${quote(paths[0] ?? "")}${beside}`);
  if (source === null) {
    const message = `without \`-text\` Git may ${done}`;
    return problemOf(".gitattributes", {
      code: "K1447",
      message,
      hint: `Add the line: ${releaseAttributes}`,
    });
  }
  const { file, line, column, written } = source;
  const text = decodeText(texts.find((each) => each.file === file)?.bytes ?? new Uint8Array());
  const sourceLine = (text.split("\n")[line - 1] ?? "").trimEnd();
  const where = needsFolding ? " in clones that ignore case" : "";
  const message = `${quote(written)} lets Git ${done}${where}`;
  return { code: "K1447", file, line, column, path: "", message, hint: hintFor(file, clone), sourceLine };
}

/** A nearer file wins over the first .gitattributes of the repository, and the clone's own file over all of them. */
function hintFor(file: string, clone: string | undefined): string {
  if (file === clone) return "Take it out of this file, which only this clone has: it is in no commit.";
  if (file.startsWith("releases/")) return "take it out, or let the line name nothing of a release";
  return `Let this be the last line of .gitattributes: ${releaseAttributes}`;
}
