import { expect, test } from "vitest";

import type { AttributeFile, OuterAttributes } from "@keelson/model";

import { findAttributeFaults, releaseAttributes } from "./attribute-check.ts";
import { fileOf, filesOf, lines } from "./test-files.ts";

const app = "releases/app/1.0.0";
const release = { [`${app}/release.yaml`]: "a", [`${app}/packages/web/compose.yaml`]: "b" };

function outer(texts: Record<string, string>, clone: string | null = null): OuterAttributes {
  const above = Object.entries(texts).map(([path, text]) => attributeFile(path, text));
  return { above, clone: clone === null ? null : attributeFile(".git/info/attributes", clone) };
}

function attributeFile(path: string, text: string, lead = ""): AttributeFile {
  return { file: fileOf(path, text), lead, mayHaveMacros: true };
}

function told(top: string | null, inner: Record<string, string> = {}, clone: string | null = null) {
  const attributes = outer(top === null ? {} : { ".gitattributes": top }, clone);
  return lines(findAttributeFaults(filesOf({ ...release, ...inner }), attributes));
}

test.each([
  releaseAttributes,
  "releases/** -text",
  "* binary",
  "* text=auto\nreleases/** -text",
  "releases/** -crlf",
  "releases/** -text eol=crlf",
  "* filter=lfs ident\nreleases/** -text -filter -ident",
  "* -text\nenvironments/** text=auto ident",
  "[attr]bytes -text -ident\n* bytes",
  "* -text working-tree-encoding= filter ident=yes",
  "\r\n# windows\r\nreleases/** -text\r\n",
])("no byte of a release changes with %j", (text) => {
  expect(told(text)).toEqual([]);
});

test("a repository without a release needs no attributes, whatever they say of other folders", () => {
  const files = filesOf({ "environments/lab/environment.yaml": "name: lab", "releases/README.md": "x" });
  expect(findAttributeFaults(files, outer({}))).toEqual([]);
  expect(findAttributeFaults(files, outer({ ".gitattributes": "* text=auto" }))).toEqual([]);
});

test.each([null, "", "*.png binary", `${app}/release.yaml -text\n/packages/** -text`])(
  "what is left open is one problem, since a machine may decide it: %j",
  (text) => {
    expect(told(text)).toEqual([
      expect.stringMatching(/^K1447 .gitattributes:1:1 without `-text` Git may change the line ends of /),
    ]);
  },
);

test.each([
  ["* text=auto", "1:3 `text=auto` lets Git change the line ends of"],
  ["* -text\n*.yaml !text", "2:8 `!text` lets Git change the line ends of"],
  ["* eol=lf", "1:3 `eol=lf` lets Git change the line ends of"],
  ["releases/** crlf", "1:13 `crlf` lets Git change the line ends of"],
  ["[attr]doc text\n* doc", "2:3 `doc` lets Git change the line ends of"],
  ["* -crlf\n* crlf=odd text=odd", "2:12 `text=odd` lets Git change the line ends of"],
  ["releases/** -text -diff ident", "1:25 `ident` lets Git expand $Id$ in"],
  ["* -text filter=lfs", "1:9 `filter=lfs` lets Git run a filter on"],
  ["* -text export-subst", "1:9 `export-subst` lets Git expand $Format$ in archives of"],
  [
    "* -text working-tree-encoding=UTF-16",
    "1:9 `working-tree-encoding=UTF-16` lets Git change the encoding of",
  ],
  ['* -text\n"releases/app/*/release.y\\141ml" text\n', "2:34 `text` lets Git change the line ends of"],
])("in %j one word is the problem", (text, message) => {
  expect(told(text)).toEqual([expect.stringContaining(`K1447 .gitattributes:${message} \`${app}/`)]);
});

test("the files that one word is about are one problem, with its line and what to do", () => {
  const problems = findAttributeFaults(
    filesOf(release),
    outer({ ".gitattributes": "# all\n* text=auto eol=lf" }),
  );
  expect(problems).toEqual([
    {
      code: "K1447",
      file: ".gitattributes",
      line: 2,
      column: 3,
      path: "",
      message: `\`text=auto\` lets Git change the line ends of \`${app}/release.yaml\` and 1 more`,
      hint: `Let this be the last line of .gitattributes: ${releaseAttributes}`,
      sourceLine: "* text=auto eol=lf",
    },
  ]);
});

test("a pattern counts also where only a clone that ignores case takes it for the file", () => {
  expect(told("* -text\n*.YAML text\n")).toEqual([
    `K1447 .gitattributes:2:8 \`text\` lets Git change the line ends of \`${app}/release.yaml\` and 1 more in clones that ignore case`,
  ]);
  expect(told("RELEASES/** -text")).toHaveLength(1);
  expect(told("* -text\ncompose.yaml text\nRELEASE.* text")).toEqual([
    expect.not.stringContaining("ignore case"),
    expect.stringContaining("ignore case"),
  ]);
});

test("a folder that archives leave out is found, and a link in a release as well", () => {
  expect(told("* -text\nreleases/ export-ignore")).toEqual([
    "K1447 .gitattributes:2:11 `export-ignore` lets Git leave `releases/` out of archives",
  ]);
  const files = new Map(filesOf(release));
  const link = `${app}/link`;
  files.set(link, { path: link, mode: "120000", bytes: new TextEncoder().encode("release.yaml") });
  expect(
    lines(findAttributeFaults(files, outer({ ".gitattributes": "* -text\nlink export-ignore ident" }))),
  ).toEqual([`K1447 .gitattributes:2:6 \`export-ignore\` lets Git leave \`${link}\` out of archives`]);
});

test("files of attributes in releases win over the first one, and the clone's own over all", () => {
  const inner = { [`${app}/.gitattributes`]: "release.yaml text", "releases/.gitattributes": "* ident" };
  expect(told("releases/** -text -ident", inner).toSorted()).toEqual([
    expect.stringContaining("K1447 releases/.gitattributes:1:3 `ident` lets Git expand $Id$ in"),
    `K1447 ${app}/.gitattributes:1:14 \`text\` lets Git change the line ends of \`${app}/release.yaml\``,
  ]);
  expect(told("* text", inner, "* -text -ident")).toEqual([]);
  const mine = findAttributeFaults(filesOf(release), outer({ ".gitattributes": "* -text" }, "* ident"));
  expect(mine).toMatchObject([
    { file: ".git/info/attributes", hint: expect.stringContaining("only this clone") },
  ]);
});

test("a file above a state repository that is a folder sees longer paths", () => {
  const above = [
    attributeFile("../.gitattributes", "/state/releases/** -text\n/releases/** text", "state/"),
    { ...attributeFile(".gitattributes", "[attr]m text\n* m"), mayHaveMacros: false },
  ];
  expect(findAttributeFaults(filesOf(release), { above, clone: null })).toEqual([]);
});

test("a file that is not compared is refused, and nothing else is said", () => {
  const large = `${"#".repeat(300 * 1024)}\n* text`;
  expect(told(large)).toEqual([
    expect.stringContaining("K1447 .gitattributes:1:1 the file has more than 256 KiB"),
  ]);
  const inner = Object.fromEntries(
    [1, 2, 3, 4, 5].map((n) => [`releases/app/${n}.0.0/.gitattributes`, "#".repeat(250 * 1024)]),
  );
  expect(told("* -text", inner)).toEqual([
    expect.stringContaining("1:1 the files of attributes have more than 1024 KiB together"),
  ]);
  const link = { ...attributeFile(".gitattributes", "elsewhere") };
  const above = [{ ...link, file: { ...link.file, mode: "120000" as const } }];
  expect(lines(findAttributeFaults(filesOf(release), { above, clone: null }))).toEqual([
    "K1447 .gitattributes:1:1 Git reads no attributes through a symbolic link",
  ]);
});

test("sixty lines for twenty thousand files are compared", () => {
  const many = filesOf(
    Object.fromEntries(
      Array.from({ length: 20_000 }, (_, n) => [`${app}/packages/web/config/dashboards/${n}.json`, "{}"]),
    ),
  );
  const top = `releases/** -text\n${Array.from({ length: 60 }, (_, n) => `*.${n}x text`).join("\n")}`;
  expect(findAttributeFaults(many, outer({ ".gitattributes": top }))).toEqual([]);
});

test("patterns that would take for ever end", () => {
  const pattern = `${"**/a".repeat(400)}*${"*a".repeat(100)}b`;
  const files = filesOf(
    Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`${app}/${"a/".repeat(200)}${n}`, "x"])),
  );
  const start = performance.now();
  const top = `* -text\n${`${pattern} text\n`.repeat(90)}`;
  expect(lines(findAttributeFaults(files, outer({ ".gitattributes": top })))).toEqual([
    "K1447 .gitattributes:1:1 the patterns are too many to be compared with all files of the releases",
  ]);
  expect(performance.now() - start).toBeLessThan(60_000);
});
