import { expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { changed, lines } from "./test-files.ts";

const folder = "releases/pryv/1.9.2/packages/storage";
const manifest = `${folder}/package.yaml`;

/** The package with these entries of `files`, and with files of these names. */
function read(entries: readonly string[], names: readonly string[]) {
  const list = entries.map((entry) => `  - { ${entry} }\n`).join("");
  const { repository, problems } = readRepository(
    changed({
      [manifest]: (text) => `${text}files:\n${list}`,
      ...Object.fromEntries(names.map((name) => [`${folder}/${name}`, name])),
    }),
  );
  const placed = repository.releases.get("pryv@1.9.2")?.packages.get("storage")?.placed ?? [];
  return {
    placed: placed.map(
      (file) => `${file.entry} ${file.source} > ${file.to}${file.isRendered ? " rendered" : ""}`,
    ),
    problems: lines(problems).map((line) => line.replace(`${manifest}:`, "")),
  };
}

test("an entry places all that its pattern matches, in the order of entries and paths", () => {
  const names = [
    "d/b.json",
    "d/a.json",
    "d/sub/c.json",
    "d/.gitkeep",
    "d/.hidden",
    "t/x.liquid",
    "t/y",
    "one",
  ];
  const entries = ["from: one, to: first", "template: t/, to: conf", "from: d/, to: g/d"];
  for (const order of [names, names.toReversed()]) {
    expect(read(entries, order)).toEqual({
      placed: [
        "0 one > first",
        "1 t/x.liquid > conf/x rendered",
        "1 t/y > conf/y",
        "2 d/.hidden > g/d/.hidden",
        "2 d/a.json > g/d/a.json",
        "2 d/b.json > g/d/b.json",
        "2 d/sub/c.json > g/d/sub/c.json",
      ],
      problems: [],
    });
  }
  expect(read(["from: t/, to: conf/"], names).placed).toEqual([
    "0 t/x.liquid > conf/x.liquid",
    "0 t/y > conf/y",
  ]);
  expect(read(['template: "**/*.liquid", to: all'], names).placed).toEqual([
    "0 t/x.liquid > all/t/x rendered",
  ]);
});

test("the documents of the package itself are never matched", () => {
  expect(read(['from: "*", to: all'], ["other.yaml"]).placed).toEqual(["0 other.yaml > all/other.yaml"]);
});

test.each([
  ['from: "d/*.yml", to: d', "K1317 7:13 no file of this package matches `d/*.yml`"],
  ["from: e/, to: d", "K1317 7:13 no file of this package matches `e/`"],
  ["from: d, to: d", "K1004 7:13 there is no file `d` in this folder"],
  ['from: "../*", to: d', "K1011 7:13 `../*` has a part that begins with `..`"],
  ['from: "/etc/*", to: d', "K1011 7:13 `/etc/*` is absolute; it must be relative"],
  ["from: d/, to: ../d", "K1011 7:21 `../d/a` has a part that begins with `..`"],
  ["from: d/, to: /d", "K1011 7:21 `/d/a` is absolute; it must be relative"],
  ["to: d", "K1012 7:5 the key `from` or `template` is missing"],
  ["from: d/a, template: d/a, to: d", "K1003 7:7 `from` and `template` exclude each other"],
])("{ %s } is a problem", (entry, problem) => {
  expect(read([entry], ["d/a"]).problems).toContain(problem);
});

test("who names a folder without its slash is told so", () => {
  const { problems } = readRepository(
    changed({ [manifest]: (text) => `${text}files: [{ from: d, to: d }]\n`, [`${folder}/d/a`]: "a" }),
  );
  expect(problems.map(({ code, hint }) => `${code} ${hint}`)).toEqual([
    "K1004 for all files of the folder write `d/`",
  ]);
});

test("a file that two entries match is a problem that names both places", () => {
  const names = ["d/a.json", "d/b.json", "d/c.txt"];
  expect(read(["from: d/a.json, to: one", "from: d/, to: d"], names).problems).toEqual([
    "K1318 8:13 `d/a.json`: the entry in line 7 matches it too",
  ]);
  expect(read(["from: d/, to: d", 'from: "d/*.json", to: e'], names).problems).toEqual([
    "K1318 8:13 `d/a.json` and 1 more: the entry in line 7 matches it too",
  ]);
  expect(read(["from: d/a.json, to: one", "from: d/a.json, to: two"], names).problems).toEqual([]);
});

test("two files that come to the same place are a problem", () => {
  expect(read(["template: t/, to: t"], ["t/a", "t/a.liquid"]).problems).toEqual([
    "K1011 7:25 `t/a` is placed twice",
  ]);
  expect(read(["from: d/, to: x", "from: e/, to: x"], ["d/a", "e/A", "e/b"]).problems).toEqual([
    "K1011 8:21 `x/A` and `x/a` are one name on some disks",
  ]);
  expect(read(["from: d/, to: x/a", "from: e/, to: x"], ["d/f", "e/a"]).problems).toEqual([
    "K1011 8:21 `x/a` is also the folder of `x/a/f`",
  ]);
  expect(read(["from: e/, to: x", "from: d/, to: x/a"], ["d/f", "e/a"]).problems).toEqual([
    "K1011 8:21 `x/a/f` lies in `x/a`, which is a file",
  ]);
});

test("thousands of files very deep, and thousands of patterns, are judged at once", () => {
  const deep = "x/".repeat(450);
  const names = Array.from({ length: 5_000 }, (_, n) => `d/${deep}${n}`);
  const start = performance.now();
  expect(read(["from: d/, to: d"], names)).toMatchObject({ problems: [] });
  const many = Array.from({ length: 70 }, (_, n) => `from: "e${n}/**/*", to: e${n}`);
  expect(read(many, names).problems.filter((line) => line.startsWith("K1006"))).toHaveLength(6);
  const costly = `from: "**/${"x/".repeat(225)}y/**/*", to: y`;
  expect(read([costly], names).problems).toEqual([
    expect.stringMatching(/^K1006 7:13 `.*` takes too long to be compared with all files of the package$/),
  ]);
  expect(performance.now() - start).toBeLessThan(20_000);
});
