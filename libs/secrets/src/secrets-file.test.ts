import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";

import { countSecrets, parseSecrets } from "./secrets-file.ts";

const parse = (text: string | Uint8Array) =>
  parseSecrets(typeof text === "string" ? new TextEncoder().encode(text) : text, "/s.yaml");

test("gives values by <release>.<secret>", () => {
  const values = parse("pryv:\n  adminKey: abc\n  token: 'yes'\nother: { pin: \"0123\" }\n");
  expect([...values]).toEqual([
    ["pryv.adminKey", "abc"],
    ["pryv.token", "yes"],
    ["other.pin", "0123"],
  ]);
});

test("an empty file has no secrets, and `no` is a text as everywhere in YAML 1.2", () => {
  expect(parse("").size).toBe(0);
  expect(parse("# none yet\n").size).toBe(0);
  expect(parse("a: { b: no }").get("a.b")).toBe("no");
});

test("who only counts them gets a number", () => {
  const folder = mkdtempSync(join(tmpdir(), "keelson-secrets-"));
  try {
    const path = join(folder, "secrets.yaml");
    writeFileSync(path, "pryv: { adminKey: abc, token: def }\n", { mode: 0o600 });
    expect(countSecrets(path)).toBe(2);
    expect(() => countSecrets(join(folder, "nothing"))).toThrow(/cannot be used/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("K5001 names the line and quotes nothing", () => {
  const cases: [string, string | Uint8Array, string][] = [
    ["broken YAML", "pryv:\n  key: 'hunter2\n", "line 3"],
    ["a bad indent", "pryv:\n  key: hunter2\n hunter2: x\n", "line 3"],
    ["a list", "- hunter2\n", "line 1"],
    ["a bare value", "hunter2\n", "line 1"],
    ["a value instead of secrets", "\npryv: hunter2\n", "line 2"],
    ["no secrets", "pryv:\nhunter2: {}\n", "line 1"],
    ["a value for a release's name", "Hunter2!: { key: x }\n", "line 1"],
    ["a value for a secret's name", "pryv:\n  hunter2/: x\n", "line 2"],
    ["a number", "pryv:\n  key: 1234567\n", "line 2"],
    ["an empty value", "pryv:\n  key: ''\n", "line 2"],
    ["no value", "pryv:\n  key:\n", "line 2"],
    ["a nested value", "pryv:\n  key: { x: hunter2 }\n", "line 2"],
    ["an alias", "pryv:\n  a: &hunter2 hunter2\n  b: *hunter2\n", "line 3"],
    ["a key twice", "pryv:\n  hunter2: x\n  hunter2: y\n", "line 3"],
    ["an unknown tag", "pryv:\n  key: !hunter2 x\n", "line 2"],
    ["no UTF-8", Buffer.from("pryv: { key: hunter2\xff }", "latin1"), "UTF-8"],
  ];
  test.each(cases)("%s", (_name, text, place) => {
    const thrown = errorOf(() => parse(text));
    expect(thrown).toMatchObject({
      code: "K5001",
      outcome: { kind: "stalled" },
      message: expect.stringContaining(place),
    });
    expect(inspect(thrown, { depth: 9, showHidden: true }).replace(/\n\s+at [^\n]*/g, "")).not.toMatch(
      /hunter2|1234567/i,
    );
  });
});

function errorOf(task: () => unknown): unknown {
  try {
    return task();
  } catch (error) {
    return error;
  }
}
