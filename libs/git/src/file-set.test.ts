import { expect, it } from "vitest";

import { FileSet, Wanted, checkPath, fileLimits } from "./file-set.ts";

it("finds files by their path, what is below a folder, and the folders that can hold it", () => {
  const wanted = new Wanted(["apps/wiki/compose.yaml", "releases/"]);
  expect(wanted.has("apps/wiki/compose.yaml")).toBe(true);
  expect(wanted.has("apps/wiki/compose.yaml.bak")).toBe(false);
  expect(wanted.has("apps/wiki/compose.yaml/below")).toBe(false);
  expect(wanted.has("releases/x/1.0.0/release.yaml")).toBe(true);
  expect(wanted.has("releases")).toBe(false);
  expect(wanted.mayBeBelow("apps/")).toBe(true);
  expect(wanted.mayBeBelow("apps/wiki/")).toBe(true);
  expect(wanted.mayBeBelow("apps/other/")).toBe(false);
  expect(wanted.mayBeBelow("releases/x/1.0.0/")).toBe(true);
  expect(wanted.mayBeBelow("docs/")).toBe(false);
  expect(wanted.pathspecs).toEqual(["releases/", "apps/wiki/compose.yaml"]);
  const everything = new Wanted([""]);
  expect([everything.has("a/b"), everything.mayBeBelow("a/"), everything.pathspecs]).toEqual([
    true,
    true,
    [],
  ]);
});

it.each([
  "a",
  "a/b.yaml",
  ".gitattributes",
  "a/..b",
  "a/b..",
  "ü",
  "a b",
  "a/.github/x",
  "-x",
  "a/".repeat(2048).slice(2, -1),
])("permits the path %j", (path) => {
  expect(() => checkPath(path)).not.toThrow();
});

it.each(
  ["", "/a", "a/", "a//b", "..", "../a", "a/../b", "./a", "a/.", ".git/config", "a/.GIT/x"].concat([
    "a\\b",
    "..\\a",
    "a\u0000b",
    "a\nb",
    "a\u001bb",
    "a\ufffdb",
    "a/.git ",
    "a/.git::$INDEX_ALLOCATION",
    "a/.gi\u200ct",
    "GIT~1/config",
    `${"a/".repeat(2048)}b`,
  ]),
)("refuses the path %j", (path) => {
  expect(() => checkPath(path)).toThrow(expect.objectContaining({ code: "K2008" }));
});

const file = (path: string, sizeBytes: number) => ({
  path,
  mode: "100644" as const,
  bytes: new Uint8Array(sizeBytes),
});

it("sorts files by path, in the same order on every machine", () => {
  const files = new FileSet();
  for (const path of ["b", "a/b", "B", "a-b", "ä"]) {
    files.announce({ path, mode: "100644" });
    files.add(file(path, 1));
  }
  expect([...files.toMap().keys()]).toEqual(["B", "a-b", "a/b", "b", "ä"]);
});

it.each([{}, { fileBytes: 1000 }])(
  "leaves out the bytes of a file over the limit, announced or real: %j",
  (limit) => {
    const limitBytes = limit.fileBytes ?? fileLimits.fileBytes;
    const sizeBytes = limitBytes + 1;
    const left = {
      path: "data/big.bin",
      mode: "100644",
      bytes: new Uint8Array(),
      tooLarge: { sizeBytes, limitBytes },
    };
    const announced = new FileSet(limit);
    expect(announced.announce({ path: "data/big.bin", mode: "100644", sizeBytes })).toBeNull();
    expect([...announced.toMap().values()]).toEqual([left]);
    const real = new FileSet(limit);
    expect(real.announce({ path: "data/big.bin", mode: "100644" })).not.toBeNull();
    real.add(file("data/big.bin", sizeBytes));
    expect([...real.toMap().values()]).toEqual([left]);
    real.add(file("data/big.bin", limitBytes));
    expect(real.toMap().get("data/big.bin")?.bytes.length).toBe(limitBytes);
  },
);

it("does not count what it left out", () => {
  const files = new FileSet({ fileBytes: 1 });
  for (const path of ["a", "b", "c"]) {
    expect(files.announce({ path, mode: "100644", sizeBytes: fileLimits.totalBytes })).toBeNull();
  }
  expect(files.announce({ path: "d", mode: "100644", sizeBytes: 1 })).not.toBeNull();
  expect(files.toMap().size).toBe(3);
});

it("refuses too many bytes in all, announced or real", () => {
  const announced = new FileSet();
  const real = new FileSet();
  const one = new Uint8Array(fileLimits.fileBytes);
  for (let count = 0; count < fileLimits.totalBytes / fileLimits.fileBytes; count++) {
    announced.announce({ path: `f${count}`, mode: "100644", sizeBytes: fileLimits.fileBytes });
    real.add({ path: `f${count}`, mode: "100644", bytes: one });
  }
  const tooMuch = expect.objectContaining({ code: "K2007" });
  expect(() => announced.announce({ path: "last", mode: "100644", sizeBytes: 1 })).toThrow(tooMuch);
  expect(() => real.add(file("last", 1))).toThrow(tooMuch);
});

it("refuses too many files and one path twice", () => {
  const files = new FileSet();
  for (let count = 0; count < fileLimits.files; count++)
    files.announce({ path: `f${count}`, mode: "100644" });
  expect(() => files.announce({ path: "last", mode: "100644" })).toThrow(
    expect.objectContaining({ code: "K2007" }),
  );
  const twice = new FileSet();
  twice.announce({ path: "a", mode: "100644" });
  expect(() => twice.announce({ path: "a", mode: "100644" })).toThrow(
    expect.objectContaining({ code: "K2008" }),
  );
});
