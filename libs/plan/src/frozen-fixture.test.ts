import { expect, test } from "vitest";

import { frozenCopy } from "./frozen-fixture.ts";

test("nothing in a frozen copy can be changed, and the original can", () => {
  const original = { list: [{ a: 1 }], set: new Set(["a"]), map: new Map([["a", { b: [1] }]]) };
  const copy = frozenCopy(original);
  expect(copy).toEqual(original);
  const changes: ((value: typeof original) => unknown)[] = [
    (value) => value.list.push({ a: 2 }),
    (value) => Object.assign(value.list[0] ?? {}, { a: 2 }),
    (value) => value.set.add("b"),
    (value) => value.set.clear(),
    (value) => value.map.set("b", { b: [] }),
    (value) => value.map.delete("a"),
    (value) => value.map.get("a")?.b.push(2),
  ];
  for (const change of changes) expect(() => change(copy)).toThrow(TypeError);
  expect(copy).toEqual(frozenCopy(original));
  for (const change of changes) expect(() => change(structuredClone(original))).not.toThrow();
});
