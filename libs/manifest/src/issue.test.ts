import { expect, test } from "vitest";
import type * as z from "zod";

import { AgentConfig, Environment, Package, Release } from "@keelson/model";

import { readDocument } from "./document-check.ts";
import { fileOf } from "./test-files.ts";

/** Each problem as place, code, message and, after an arrow, hint. */
function explain(schema: z.ZodType, text: string): string[] {
  return readDocument(fileOf("a.yaml", text), schema).problems.map(
    ({ code, line, column, message, hint }) =>
      `${line}:${column} ${code} ${message}${hint === undefined ? "" : ` → ${hint}`}`,
  );
}

test("an environment", () => {
  const text = `name: 5
instnces: {}
constructor: {}
instances:
  Core_x: { package: x/y }
  a: { package: a/b, on: {}, state: runing }
  b: { package: a/b, on: 5, role: core, foo: 1 }
  c: { package: b }
  d:
policy: []
releases: { a: 1, b: "" }
`;
  expect(explain(Environment, text)).toEqual([
    "1:7 K1003 `name`: expected text, found the number 5 → put the value in quotes",
    "2:1 K1002 unknown key `instnces` → did you mean `instances`?",
    "3:1 K1002 unknown key `constructor` → known keys: discover, extends, images, instances, name, networks, policy, releases, settings",
    "5:3 K1007 the key `Core_x` must be 1 to 40 of a-z, 0-9 and -, starting and ending with a letter or digit → did you mean `core-x`?",
    "6:26 K1003 `on`: must have either role or node → Where the instance runs; default is the package's role, or every node.",
    "6:37 K1003 `state`: expected one of running, installed, staged, absent, released; found `runing` → did you mean `running`?",
    "7:26 K1003 `on`: expected a map, found the number 5 → Where the instance runs; default is the package's role, or every node.",
    "7:29 K1002 unknown key `role` → `role` belongs under `on`",
    "7:41 K1002 unknown key `foo` → known keys: adopt, on, package, profiles, project, scale, settings, state, was",
    "8:17 K1003 `package`: must be <release>/<package>, or the path of a local package such as ./apps/wiki, found `b` → <release>/<package>, or the path of a local package from the top of the repository.",
    "9:5 K1003 `d`: expected a map, found nothing → give it a value, or remove the key",
    "10:9 K1003 `policy`: expected a map, found a list → What the environment permits.",
    "11:16 K1003 `a`: expected text, found the number 1 → put the value in quotes",
    "11:22 K1003 `b`: must not be empty → A semver range, such as ^1.9.0 or ^6.0 || ^7.0.",
  ]);
});

test("a package: unions and lists", () => {
  const text = `version: 1.0
provides: { X: 1.0.0, y: "1.0" }
files:
  - { template: "", to: x, onChange: restrat }
  - { template: x, to: y, onChange: { exc: [] } }
  - { template: x, to: y, onChange: { exec: [] } }
  - { template: x, to: y, onChange: [], mode: 0640 }
  - foo
data: { x: { format: 1.5 }, y: { format: -1 } }
variables: { 1a: x }
update: { trial: 5 minutes }
`;
  expect(explain(Package, text)).toEqual([
    "1:1 K1012 `name` is missing → A name: 1 to 40 of a-z, 0-9 and -, starting and ending with a letter or digit; `constructor` is reserved.",
    "1:10 K1003 `version`: expected text, found the number 1 → put the value in quotes",
    "2:13 K1007 the key `X` must be 1 to 40 of a-z, 0-9 and -, starting and ending with a letter or digit → did you mean `x`?",
    "2:26 K1003 `y`: must be a semantic version such as 1.9.2, found `1.0` → A semantic version (semver.org 2.0.0).",
    "4:17 K1003 `template`: must not be empty → As `from`, but a name that ends in .liquid is rendered.",
    "4:38 K1003 `onChange`: expected one of none, restart, recreate, seed, signal:HUP, signal:INT, signal:QUIT, signal:USR1, signal:USR2, signal:TERM, signal:WINCH; found `restrat` → did you mean `restart`?",
    "5:39 K1002 unknown key `exc` → did you mean `exec`?",
    "6:45 K1003 `exec`: must have at least 1 item",
    "7:37 K1003 `onChange`: expected text or a map, found a list → none | signal:HUP | {exec: [program, …]} | restart | recreate | seed",
    "7:47 K1003 `mode`: expected text, found the number 640 → put the value in quotes",
    "8:5 K1003 `files[4]`: expected a map, found text",
    "9:22 K1003 `format`: expected a whole number, found the number 1.5 → The data format that this version writes.",
    "9:42 K1003 `format`: must be at least 0, found `-1` → The data format that this version writes.",
    "10:14 K1007 the key `1a` must be letters, digits and _, the first no digit",
    "11:18 K1003 `trial`: must be a duration such as 30s, 1m30s or 2h, found `5 minutes` → How long a changed service may take to become healthy, and a job to end; default 60s, or longer where the health check needs it.",
  ]);
});

test("an agent's file: alternatives of one kind", () => {
  const source = (credential: string) =>
    `environment: lab\nnode: lab-1\nsource: { url: x, credential: ${credential} }\n`;
  expect(explain(AgentConfig, source("{ fil: x }"))).toEqual([
    "3:33 K1002 unknown key `fil` → did you mean `file`?",
  ]);
  expect(explain(AgentConfig, source("x"))).toEqual(["3:31 K1003 `credential`: expected a map, found text"]);
});

test.each([
  ["", "1:1 K1003 expected a map, found nothing"],
  ["[]", "1:1 K1003 expected a map, found a list"],
  ["release", "1:1 K1003 expected a map, found text"],
])("a release that is %j", (text, problem) => {
  expect(explain(Release, text)).toEqual([problem]);
});

test("a valid document comes with its defaults and places", () => {
  const { value, problems } = readDocument(
    fileOf("a.yaml", "name: a\nversion: 1.0.0-rc.1+5\npackages: [b]\n"),
    Release,
  );
  expect(problems).toEqual([]);
  expect(value?.value).toEqual({ name: "a", version: "1.0.0-rc.1+5", packages: ["b"], secrets: {} });
  expect(value?.positionOf("packages[0]")).toEqual({ line: 3, column: 12 });
});

test.each([
  "1.0",
  "v1.0.0",
  "01.0.0",
  "1.0.0-",
  "1.0.0-01",
  "1.0.0-a..b",
  "1.0.0+",
  "9999999999999999.0.0",
  "latest",
])("%s is no version", (version) => {
  expect(explain(Release, `name: a\nversion: "${version}"\npackages: [b]\n`)).toEqual([
    expect.stringContaining("must be a semantic version"),
  ]);
});
