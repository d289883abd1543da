import { expect, test } from "vitest";
import * as z from "zod";

import { readDocument } from "./document-check.ts";
import type { MendRules } from "./mended-value.ts";
import { fileOf, lines, problemsAfter, replace } from "./test-files.ts";

const Item = z.strictObject({
  from: z.string().min(1),
  mode: z.enum(["fast", "slow"]).default("slow"),
  at: z.strictObject({ host: z.string().optional(), port: z.int().optional() }).optional(),
});
const Sample = z.strictObject({
  name: z.string().min(1),
  items: z.record(z.string(), Item).default({}),
  list: z.array(Item).default([]),
  names: z.array(z.string()).default([]),
});

function read(text: string, rules: MendRules = {}) {
  const { value, problems } = readDocument(fileOf("a.yaml", text), Sample, rules);
  return { value, said: lines(problems).map((line) => line.replace(" a.yaml:", " ")) };
}

test("a misspelt key counts as the one that was meant, and what is wrong below it stands where it was written", () => {
  const { value, said } = read("name: x\nitmes:\n  a: { form: b, mode: fats }\n  b: { from: c, host: d }\n");
  expect(said).toEqual([
    "K1002 2:1 unknown key `itmes`",
    "K1002 3:8 unknown key `form`",
    "K1003 3:23 `mode`: expected one of fast, slow; found `fats`",
    "K1002 4:17 unknown key `host`",
  ]);
  expect(value?.value.items).toEqual({
    a: { from: "b", mode: "slow" },
    b: { from: "c", mode: "slow", at: { host: "d" } },
  });
  expect(value?.positionOf("items.a.from", "value")).toEqual({ line: 3, column: 14 });
  expect(value?.positionOf("items.b.at.host")).toEqual({ line: 4, column: 17 });
  expect(value?.leftOut).toEqual(["items.a.mode"]);
});

test("a key that is meant and there already keeps its value", () => {
  const { value, said } = read("name: x\nnames: [a]\nnmaes: [b]\n");
  expect(said).toEqual(["K1002 3:1 unknown key `nmaes`"]);
  expect(value?.value.names).toEqual(["a"]);
});

test("a value that does not fit the key that was meant is told only as an unknown key", () => {
  const { value, said } = read("name: x\nnmaes: 5\n");
  expect(said).toEqual(["K1002 2:1 unknown key `nmaes`"]);
  expect(value?.value.names).toEqual([]);
});

test("what needs a wrong value is left out with it, and is not missed", () => {
  const { value, said } = read("name: x\nitems:\n  a: { from: 5, mode: 6 }\n  b: { from: c }\n  c: {}\n");
  expect(said).toEqual([
    "K1003 3:14 `from`: expected text, found the number 5",
    "K1003 3:23 `mode`: expected one of fast, slow; found the number 6",
    "K1012 5:3 `from` is missing",
  ]);
  expect(Object.keys(value?.value.items ?? {})).toEqual(["b"]);
  expect(value?.leftOut).toContain("items.a");
});

test("an item is left out with its list, since the others would have other places", () => {
  const { value, said } = read(
    "name: x\nlist:\n  - { from: a }\n  - { mode: slow }\n  - { from: b, mode: x }\n",
  );
  expect(said).toEqual([
    "K1012 4:5 `from` is missing",
    "K1003 5:22 `mode`: expected one of fast, slow; found `x`",
  ]);
  expect(value?.value.list).toEqual([]);
  expect(value?.leftOut).toContain("list");
});

test("what others depend on is left out with what holds it", () => {
  const text = "name: x\nitems:\n  a: { from: b, at: { port: c } }\n";
  expect(read(text).value?.value.items).toEqual({ a: { from: "b", mode: "slow", at: {} } });
  expect(read(text, { vital: /^items\.[^.]+\.at(?:\..*)?$/ }).value?.value.items).toEqual({});
  const { value, said } = read(text, { vital: /^items.*$/ });
  expect(value).toBeNull();
  expect(said).toEqual(["K1003 3:29 `port`: expected a number, found text"]);
});

test.each([
  ["missing", "names: [a]\n", "K1012 1:1 `name` is missing"],
  ["wrong", "names: [a]\nname: 5\n", "K1003 2:7 `name`: expected text, found the number 5"],
])("what the place of a document says is taken where it is %s", (_, text, problem) => {
  const { value, said } = read(text, { known: { name: "x" } });
  expect(said).toEqual([problem]);
  expect(value?.value).toMatchObject({ name: "x", names: ["a"] });
  expect(value?.leftOut).toEqual(["name"]);
  expect(read(text).value).toBeNull();
});

test("of thousands of unknown keys the report stays short, and is there soon", () => {
  const text = `name: x\n${Array.from({ length: 5_000 }, (_, n) => `k${n}: 1`).join("\n")}\n`;
  const { value, said } = read(text);
  expect(said).toHaveLength(51);
  expect(value?.value.name).toBe("x");
});

test("in an environment nothing gets the blame for what is left out", () => {
  const text = problemsAfter({
    "environments/lab/environment.yaml": replace("core: { package: pryv/core,", "core: { package: 5,"),
    "environments/lab/nodes/lab-1.yaml": (before) => `${before}commands: { core: { renew: 1 } }\n`,
  });
  expect(text.match(/error\[\w+\]/g)).toEqual(["error[K1003]"]);
});

test("in a lock nothing gets the blame for what is left out", () => {
  const text = problemsAfter({
    "environments/lab/lock.yaml": (before) =>
      before.replace("version: 1.9.2 } }", "version: 5 } }").replace("version: 7.0.1", "version: x"),
  });
  expect(text.match(/error\[\w+\]/g)).toEqual(["error[K1003]", "error[K1003]"]);
});

test("a package without a version has none that a lock could miss", () => {
  const text = problemsAfter({
    "releases/pryv/1.9.2/packages/core/package.yaml": replace("version: 1.9.2", "version: new"),
  });
  expect(text.match(/error\[\w+\]/g)).toEqual(["error[K1003]"]);
});
