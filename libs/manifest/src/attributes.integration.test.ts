import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { makeGitRepository } from "@keelson/test/support";

import { type AttributeText, openAttributes } from "./attributes.ts";

const names = ["text", "crlf", "eol", "ident", "filter", "diff", "merge", "binary", "m1", "m2"];

const word = fc.constantFrom("a", "b", "B", "ab", "A", "é", "a b", "x.y", "[a]", "a-b", "\\", "-", "]", "^");
const path = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .chain((parts) => fc.constantFrom("", "/").map((end) => parts.join("/") + end));

const patternPart = fc.constantFrom(
  "a b",
  ...String.raw`a b ab A é x.y / / / * * ** /** **/ /**/ ? [ab] [!a] [^b] [a-b] [A-B] [A] \A []a] [[:alpha:]] [[:upper:]-b]`.split(
    " ",
  ),
  ...String.raw`[é] [[:x] [a [[:wrong:]] [\]] [b-\]] \ \* \a \303\251 - ] ! # "`.split(" "),
);
const pattern = fc.array(patternPart, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
const written = fc.oneof(
  { weight: 4, arbitrary: pattern },
  { weight: 1, arbitrary: pattern.map((text) => `"${text}"`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("[attr]m1", "[attr]m2", "[attr]binary", "[attr]", '"[attr]m1"', "[attr]-x"),
  },
);
const state = fc.oneof(
  fc.constantFrom(...names).chain((name) => fc.constantFrom("", "-", "!").map((sign) => sign + name)),
  fc
    .constantFrom(...names)
    .chain((name) => fc.constantFrom("=", "=auto", "=a=b", "=é").map((end) => name + end)),
  { weight: 1, arbitrary: fc.constantFrom("-text=auto", "--x", "te/xt", "=", "-", "m1") },
);
const line = fc
  .tuple(
    fc.constantFrom("", " ", "\t", "# "),
    written,
    fc.constantFrom(" ", "\t ", ""),
    fc.array(state, { maxLength: 3 }),
  )
  .chain(([start, text, gap, states]) =>
    fc.constantFrom("", "\r", " ").map((end) => start + text + gap + states.join(" ") + end),
  );
const lines = fc.array(line, { maxLength: 6 }).map((all) => all.join("\n"));

test("attributes are those that Git finds, for any patterns, macros and levels", async () => {
  await using repository = await makeGitRepository();
  const write = (file: string, text: string) => {
    mkdirSync(join(repository.path, dirname(file)), { recursive: true });
    writeFileSync(join(repository.path, file), text);
  };
  const askGit = async (paths: readonly string[], ignoresCase: boolean) => {
    const folding = ["-c", `core.ignoreCase=${ignoresCase}`];
    const told = await repository.git(...folding, "check-attr", "-z", ...names, "--", ...paths);
    return told.split("\0").slice(0, -1);
  };
  const levels = fc.record({ top: lines, a: lines, ab: lines, info: lines });
  await fc.assert(
    fc.asyncProperty(
      levels,
      fc.array(path, { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      async (texts, paths, ignoresCase) => {
        const files = [
          inFolder("", texts.top),
          inFolder("a/", texts.a),
          inFolder("a/b/", texts.ab),
          { ...inFolder("", texts.info), file: ".git/info/attributes" },
        ];
        for (const { file, bytes } of files) write(file, new TextDecoder().decode(bytes));
        const attributesOf = openAttributes(files, { ignoresCase });
        const told = paths.flatMap((each) =>
          names.flatMap((name) => [each, name, textOf(attributesOf(each)?.get(name)?.value)]),
        );
        expect(told).toEqual(await askGit(paths, ignoresCase));
      },
    ),
    { numRuns: 400 },
  );
});

test.each([
  ["a line of 2047 bytes", `* text${" ".repeat(2041)}\n* ident`],
  ["a line of 2048 bytes, which Git skips", `* text${" ".repeat(2042)}\n* ident`],
  ["a long line of characters of two bytes", `${"é".repeat(1021)} text\n* ident`],
  ["a byte order mark", "\ufeff* text\n* ident"],
  ["line ends of Windows", "* text\r\n* ident\r\n"],
  ["line ends of an old Mac", "* text\r* ident\r"],
  ["a name that is no attribute's", "* text b@d\n* ident"],
  ["a set without an end", "[a text\n* ident"],
])("%s is read as Git reads it", async (_, text) => {
  await using repository = await makeGitRepository();
  writeFileSync(join(repository.path, ".gitattributes"), text);
  const found = openAttributes([inFolder("", text)], { ignoresCase: false })("a");
  const told = ["text", "ident"].map((name) => textOf(found?.get(name)?.value));
  const answer = await repository.git("check-attr", "-z", "text", "ident", "--", "a");
  expect(answer.split("\0")).toEqual(["a", "text", told[0], "a", "ident", told[1], ""]);
});

function inFolder(folder: string, text: string): AttributeText {
  return {
    file: `${folder}.gitattributes`,
    bytes: new TextEncoder().encode(text),
    pathIn: (each) =>
      each.length > folder.length && each.startsWith(folder) ? each.slice(folder.length) : null,
    mayHaveMacros: folder === "",
  };
}

/** As git-check-attr(1) prints it. */
function textOf(value: true | false | null | string | undefined): string {
  if (typeof value === "string") return value;
  return value === true ? "set" : value === false ? "unset" : "unspecified";
}
