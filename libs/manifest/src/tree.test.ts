import { expect, test } from "vitest";

import type { SourceFile } from "@keelson/model";

import { readRepository } from "./repository.ts";
import { filesOf, lines, platform } from "./test-files.ts";

function withFile(file: Pick<SourceFile, "path" | "mode">) {
  const files = new Map(filesOf(platform));
  files.set(file.path, { ...file, bytes: new TextEncoder().encode("/etc/shadow") });
  return readRepository(files);
}

test.each([
  ["120000", "releases/pryv/1.9.2/packages/core/config/core.yml.liquid", "a symbolic link"],
  ["120000", "releases/pryv/1.9.2/packages/core/package.yaml", "a symbolic link"],
  ["120000", "environments/lab/nodes/lab-2.yaml", "a symbolic link"],
  ["120000", "releases", "a symbolic link"],
  ["160000", "releases/pryv/2.0.0", "a submodule"],
  ["160000", "environments", "a submodule"],
] as const)("a %s at %s is refused and not read", (mode, path, kind) => {
  const { problems } = withFile({ mode, path });
  expect(lines(problems)).toContain(`K1008 ${path}:1:1 ${kind} where only files may be`);
  expect(JSON.stringify(problems)).not.toContain("shadow");
});

test("an executable file and a link elsewhere are none of our business", () => {
  expect(
    withFile({ mode: "100755", path: "releases/pryv/1.9.2/packages/core/config/start.sh" }).problems,
  ).toEqual([]);
  expect(withFile({ mode: "120000", path: "docs/link" }).problems).toEqual([]);
});

test.each([
  ["releases/Pryv/1.9.2/notes.txt", "`releases/pryv` and `releases/Pryv`"],
  ["releases/pryv/1.9.2/packages/core/config/LOGO.svg", "config/LOGO.svg` are"],
  ["environments/LAB/notes.md", "`environments/lab` and `environments/LAB`"],
])("%s differs from another name only by case", (path, names) => {
  const found = lines(withFile({ mode: "100644", path }).problems).filter((line) => line.startsWith("K1011"));
  expect(found).toEqual([expect.stringContaining(names)]);
  expect(found[0]).toContain("are one name on some disks");
});

test.each([
  "releases/pryv/1.9.2/a\nb.txt",
  "releases/pryv/1.9.2/../x",
  "environments/lab\\nodes",
  "releases//x",
])("the path %j is refused", (path) => {
  expect(lines(withFile({ mode: "100644", path }).problems)).toEqual([
    expect.stringMatching(/^K1011 [^]*:1:1 the file's path /),
  ]);
});

test("thousands of files in a folder hundreds deep are judged at once, and a twin of the folder is named once", () => {
  const folder = `releases/pryv/1.9.2/${"x/".repeat(480)}`;
  const files = new Map(filesOf(platform));
  const add = (path: string) => files.set(path, { path, mode: "100644", bytes: new Uint8Array() });
  for (let n = 0; n < 15_000; n++) add(`${folder}${n}`);
  const start = performance.now();
  expect(readRepository(files).problems).toEqual([]);
  for (let n = 0; n < 10; n++) add(`${folder.replace("x/", "X/")}${n}`);
  expect(lines(readRepository(files).problems)).toEqual([
    expect.stringContaining("`releases/pryv/1.9.2/x` and `releases/pryv/1.9.2/X` are one name on some disks"),
  ]);
  expect(performance.now() - start).toBeLessThan(10_000);
});
