import { expect, test } from "vitest";

import { raiseRenewal } from "./renewal.ts";
import { fileOf } from "./test-files.ts";

const raise = (text: string) =>
  raiseRenewal(fileOf("environments/lab/nodes/lab-1.yaml", text), "core").renewal;

test.each([
  [
    "a count that is there",
    "name: lab-1\nroles: [ a,b ]   # odd\ncommands:\n  core: {renew: 41}   # lost in the flood\n",
    "name: lab-1\nroles: [ a,b ]   # odd\ncommands:\n  core: {renew: 42}   # lost in the flood\n",
    42,
  ],
  [
    "a new one of an instance that is new",
    "# The node in the cellar.\nname: lab-1 # its name\n\n# Who it is\nroles: [web]\n",
    "# The node in the cellar.\nname: lab-1 # its name\n\n# Who it is\nroles: [web]\ncommands:\n  core: { renew: 1 }\n",
    1,
  ],
  [
    "a new one beside another instance's",
    "name: lab-1\ncommands:\n  # of the store\n  store: { renew: 3 }\n",
    "name: lab-1\ncommands:\n  # of the store\n  store: { renew: 3 }\n  core: { renew: 1 }\n",
    1,
  ],
  [
    "a new one in an entry without",
    "name: lab-1\ncommands: { core: {} }\n",
    "name: lab-1\ncommands: { core: { renew: 1 } }\n",
    1,
  ],
  [
    "a new one in a file in one line",
    "{ name: lab-1 }\n",
    "{ name: lab-1, commands: { core: { renew: 1 } } }\n",
    1,
  ],
  [
    "a new one in an empty map",
    "name: lab-1\ncommands: {}\n",
    "name: lab-1\ncommands: { core: { renew: 1 } }\n",
    1,
  ],
])("raises %s, and keeps the rest", (_what, before, after, count) => {
  expect(raise(before)).toEqual({ text: after, count });
  expect(raise(after)?.count).toBe(count + 1);
});

test.each(["role: web", "strange: web"])("leaves a file with problems as it is: %s", (line) => {
  expect(
    raiseRenewal(fileOf("environments/lab/nodes/lab-1.yaml", `name: lab-1\n${line}\n`), "core"),
  ).toMatchObject({
    renewal: null,
    problems: [{ code: "K1002" }],
  });
});

test("says what to do about a counter at its end", () => {
  const at = (count: number) =>
    raiseRenewal(
      fileOf("environments/lab/nodes/lab-1.yaml", `name: lab-1\ncommands: { core: { renew: ${count} } }\n`),
      "core",
    );
  expect(at(999_999_999).renewal?.count).toBe(1_000_000_000);
  expect(at(1_000_000_000)).toMatchObject({
    renewal: null,
    problems: [{ code: "K1439", hint: expect.stringContaining("Set it to 0") }],
  });
  for (const count of [1_000_000_001, 2 ** 53, 2 ** 53 + 2, 1e300])
    expect(at(count).problems[0]).toMatchObject({
      code: "K1003",
      message: expect.stringContaining("must be at most 1000000000"),
    });
});
