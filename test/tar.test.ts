import { readFile, readlink, stat, writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { writeTar } from "../script/tar.ts";
import { makeTempFolder, outputOf } from "./support/index.ts";

// Around what a header has room for, and where the length of a pax record gets a digit more.
const lengths = [1, 94, 95, 96, 97, 99, 100, 101, ...Array.from({ length: 16 }, (_, index) => 978 + index)];

test("an archive has names and targets of any length, as tar unpacks them", async () => {
  await using folder = await makeTempFolder();
  const names = [
    ...lengths.map((length) => `${"a/".repeat(length).slice(0, length - 1)}b`),
    "ä/".repeat(60) + "ö",
  ];
  const entries = names.flatMap((name, index) => [
    { kind: "file", path: `f${index}/${name}`, content: Buffer.from(name), mode: 0o750 } as const,
    { kind: "link", path: `link${index}`, target: name } as const,
  ]);
  await writeFile(folder.join("archive"), writeTar(entries));
  await outputOf(["tar", "-xf", folder.join("archive"), "-C", folder.path]);
  for (const [index, name] of names.entries()) {
    const path = folder.join(`f${index}`, name);
    expect(await readFile(path, "utf8")).toBe(name);
    expect((await stat(path)).mode & 0o777).toBe(0o750);
    expect(await readlink(folder.join(`link${index}`))).toBe(name);
  }
});
