import type { JsonObject } from "@keelson/model";
import { expect, test } from "vitest";

import type { LayeredSettings } from "./layer-settings.ts";
import { compareSettings } from "./settings-difference.ts";

const at = { layer: "environment", name: "lab", file: "environment.yaml", line: 5, column: 3 } as const;

/** Settings that the environment has over these defaults. */
function settings(defaults: JsonObject, own: JsonObject = {}): LayeredSettings {
  const values = { ...defaults, ...own };
  return {
    values,
    defaults,
    provenance: Object.fromEntries(Object.keys(own).map((name) => [name, at])),
    problems: [],
  };
}

const { column: _, ...from } = at;

test.each<[string, LayeredSettings, LayeredSettings, unknown[]]>([
  ["nothing", settings({ a: 1 }, { b: [1] }), settings({ a: 1 }, { b: [1] }), []],
  [
    "a default that is followed",
    settings({ a: 1 }),
    settings({ a: 2 }),
    [{ path: "a", before: 1, after: 2 }],
  ],
  [
    "a default that is not followed",
    settings({ a: 1 }, { a: 9 }),
    settings({ a: 2 }, { a: 9 }),
    [{ path: "a", before: 9, after: 9, default: { before: 1, after: 2 }, from }],
  ],
  ["a default that becomes what was set", settings({ a: 1 }, { a: 2 }), settings({ a: 2 }, { a: 2 }), []],
  [
    "a value that is set",
    settings({ a: 1 }),
    settings({ a: 1 }, { a: 3 }),
    [{ path: "a", before: 1, after: 3, from }],
  ],
  ["a new setting", settings({}), settings({ a: { b: null } }), [{ path: "a.b", after: null }]],
  ["one that is gone", settings({ a: {} }), settings({}), [{ path: "a", before: {} }]],
  [
    "a list, as a whole",
    settings({ a: [1, { b: 2 }] }),
    settings({ a: [1, { b: 3 }] }),
    [{ path: "a", before: [1, { b: 2 }], after: [1, { b: 3 }] }],
  ],
  ["keys in another order", settings({ a: { x: 1, y: 2 } }), settings({ a: { y: 2, x: 1 } }), []],
])("%s", (_what, before, after, changes) => {
  expect(compareSettings(before, after)).toEqual(changes);
});
