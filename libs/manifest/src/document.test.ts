import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type Json, isJsonObject, keyPath, parseKeyPath } from "@keelson/model";

import { parseDocument } from "./document.ts";
import { fileOf } from "./test-files.ts";

function problemsOf(content: string | Uint8Array, path = "a.yaml"): string[] {
  return parseDocument(fileOf(path, content)).problems.map(
    ({ code, line, column, message }) => `${code} ${line}:${column} ${message}`,
  );
}

describe("YAML", () => {
  test.each([
    ["a: b: c", "K1001 1:4 a second `: ` on one line"],
    ["a:\n\t- b", "K1001 2:1 a tab as indentation"],
    ["a: 1\n---\nb: 1", "K1001 2:1 a second document in one file"],
    ["a: !secret x", "K1001 1:4 a tag that YAML 1.2 does not know"],
    ["a: !!binary eA==", "K1001 1:4 a tag that YAML 1.2 does not know"],
    ["%YAML 1.1\n---\na: no", "K1001 1:1 the document asks for YAML 1.1"],
    ["a: @x", "K1001 1:4 not YAML: plain value cannot start with reserved character @"],
    ["a: 'b", "K1001 1:6 not YAML: missing closing 'quote"],
    ["a: *x", "K1001 1:4 there is no anchor `&x` before this alias"],
    ["a: &x [*x]", "K1001 1:8 the alias `*x` contains itself"],
    ["a: \u0007", "K1001 1:4 control character U+0007"],
    ['a: "\\ud800"', "K1001 1:4 an escape that is half of a character"],
    ["a: 1\nb: 2\na: 3", "K1005 3:1 `a` is there twice"],
    ["a: { 1: x, 1: y }", "K1005 1:12 `1` is there twice"],
    ["a: {{ settings.a }}", "K1003 1:5 a key must be text"],
    ["a: .nan", "K1003 1:4 `.nan` is not a number of JSON"],
    ["__proto__: { a: 1 }", "K1007 1:1 `__proto__` cannot be a key"],
  ])("%j is refused", (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  test("is YAML 1.2: no, on and 0640 are what they look like, keys are as written", () => {
    const { document } = parseDocument(
      fileOf("a.yaml", "a: no\nb: on\nc: 0640\n1.10: x\n<<: y\nd: 2001-01-01\n"),
    );
    expect(document?.value).toEqual({ a: "no", b: "on", c: 640, "1.10": "x", "<<": "y", d: "2001-01-01" });
  });

  test("takes a few aliases, and says where things are inside them", () => {
    const { document, problems } = parseDocument(fileOf("a.yaml", "a: &x\n  b: [1, 2]\nc: *x\n"));
    expect(problems).toEqual([]);
    expect(document?.value).toEqual({ a: { b: [1, 2] }, c: { b: [1, 2] } });
    expect(document?.positionOf("c", "value")).toEqual({ line: 3, column: 4 });
    expect(document?.positionOf("c.b[1]")).toEqual({ line: 2, column: 10 });
  });

  test("reports at most five lines of broken syntax, one fault each", () => {
    expect(problemsOf("a: x: y\n".repeat(20))).toHaveLength(5);
  });

  test("must be UTF-8; a byte order mark is none of the text", () => {
    expect(problemsOf(new Uint8Array([97, 58, 32, 10, 255]))).toEqual([
      "K1001 2:1 the file is not UTF-8 text",
    ]);
    const marked = parseDocument(fileOf("a.yaml", "\ufeffa: \ufffd\r\nb: 2\r\n"));
    expect(marked.problems).toEqual([]);
    expect(marked.document?.value).toEqual({ a: "\ufffd", b: 2 });
    expect(marked.document?.lineText(1)).toBe("a: \ufffd");
  });
});

describe("JSON", () => {
  test.each([
    ['{ "a": 1, }', "K1001 1:11 not JSON: expected a key in double quotes"],
    ["{ a: 1 }", "K1001 1:3 not JSON: expected a key in double quotes or }"],
    ['{ "a": 01 }', "K1001 1:9 not JSON: expected a comma or }"],
    ['{ "a" 1 }', "K1001 1:7 not JSON: expected a colon"],
    ['// x\n{ "a": 1 }', "K1001 1:1 not JSON: expected a value"],
    ["{} {}", "K1001 1:4 not JSON: expected the end of the file"],
    ["[1, 2}", "K1001 1:6 not JSON: expected a comma or ]"],
    ["", "K1001 1:1 not JSON: expected a value"],
    ['{ "a": 1, "a": 2 }', "K1005 1:11 `a` is there twice"],
    ['{ "__proto__": 1 }', "K1007 1:3 `__proto__` cannot be a key"],
    ['{ "a": 1e999 }', "K1003 1:8 `1e999` is not a number of JSON"],
  ])("%j is refused", (text, problem) => {
    expect(problemsOf(text, "a.json")).toEqual([problem]);
  });

  const json = fc.jsonValue({ maxDepth: 5 }).filter((value) => isPlain(value));

  test("of any value is read back, however it is indented", () => {
    fc.assert(
      fc.property(json, fc.constantFrom("", " ", "\t", "    "), (value, indent) => {
        const { document, problems } = parseDocument(fileOf("a.json", JSON.stringify(value, null, indent)));
        expect(problems).toEqual([]);
        expect(document?.value).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("is refused exactly where JSON.parse refuses it", () => {
    const tokens = fc.array(
      fc.constantFrom("{", "}", "[", "]", ",", ":", '"a"', "1", "-", "true", " ", "\n", "'"),
    );
    fc.assert(
      fc.property(tokens, (parts) => {
        const text = parts.join("");
        expect(problemsOf(text, "a.json").some((problem) => problem.includes("not JSON"))).toBe(
          !isJson(text),
        );
      }),
      { numRuns: 400 },
    );
  });
});

describe("limits", () => {
  test.each([
    ["deep flow lists", "[".repeat(100_000)],
    ["deep lists that close", `a: ${"[".repeat(65)}${"]".repeat(65)}`],
    ["deep block lists", "- ".repeat(65)],
    ["deep keys", Array.from({ length: 66 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
    ["an alias bomb", bomb(9)],
    ["many aliases", `a: &a x\nb: [${"*a, ".repeat(101)}]`],
    ["a megabyte", `a: ${"x".repeat(1024 * 1024)}`],
  ])(
    "%s end with one clear problem",
    (_, text) => {
      const result = problemsOf(text);
      expect(result).toEqual([expect.stringMatching(/^K1006 /)]);
    },
    30_000,
  );

  test("64 levels, 100 aliases and 256 KiB are allowed", () => {
    expect(problemsOf(`${"[".repeat(64)}${"]".repeat(64)}`)).toEqual([]);
    expect(problemsOf(`a: &a x\nb: [${"*a, ".repeat(100)}]`)).toEqual([]);
    expect(problemsOf(`a: ${"x".repeat(256 * 1024 - 4)}`)).toEqual([]);
  });

  test("a report of many keys stays short", () => {
    const keys = Array.from({ length: 20_000 }, (_, n) => `k${n}: 1`).join("\n");
    const result = [problemsOf(keys), problemsOf("a: 1\n".repeat(30_000))];
    expect(result[0]).toEqual([]);
    expect(result[1]).toHaveLength(51);
    expect(result[1]?.at(-1)).toBe("K1006 51:1 more problems than are shown");
  });
});

describe("places", () => {
  test("of a key that is not there are those of the nearest key above it", () => {
    const { document } = parseDocument(fileOf("a.yaml", "a:\n  b: 1\nc:\n"));
    expect(document?.positionOf("a.x.y")).toEqual({ line: 1, column: 1 });
    expect(document?.positionOf("a.b.c")).toEqual({ line: 2, column: 3 });
    expect(document?.positionOf("c", "value")).toEqual({ line: 3, column: 3 });
    expect(document?.positionOf("")).toEqual({ line: 1, column: 1 });
  });

  test("of every key and item of any document point at its text", () => {
    const keys = fc.string({ minLength: 1 }).filter((key) => key !== "__proto__" && key.isWellFormed());
    const values = fc.dictionary(keys, fc.dictionary(keys, fc.array(fc.integer(), { minLength: 1 })));
    fc.assert(
      fc.property(values, (value) => {
        const text = JSON.stringify(value, null, 2);
        const { document } = parseDocument(fileOf("a.json", text));
        for (const [outer, inside] of Object.entries(value)) {
          for (const [inner, items] of Object.entries(inside)) {
            expect(textAt(text, document?.positionOf(keyPath([outer, inner])))).toMatch(
              startOf(JSON.stringify(inner)),
            );
            const item = document?.positionOf(keyPath([outer, inner, 0]));
            expect(textAt(text, item)).toMatch(startOf(String(items[0])));
          }
        }
      }),
    );
  });

  test("are written so that they can be read back", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ minLength: 1 }), fc.nat())), (segments) => {
        expect(parseKeyPath(keyPath(segments))).toEqual(segments.map(String));
      }),
    );
    expect(keyPath(["files", 0, "to"])).toBe("files[0].to");
    expect(keyPath(["settings", "a.b", "c"])).toBe('settings["a.b"].c');
  });
});

test("no text, and no bytes, make it throw", () => {
  const yamlish = fc
    .array(
      fc.constantFrom(
        "a",
        "b",
        ": ",
        ":",
        "- ",
        "\n",
        "  ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&a ",
        "*a",
        "!t ",
        "|",
        ">",
        "'",
        '"',
        "?",
        "#",
        "%",
        "---\n",
        "...\n",
        "\t",
        "\\",
        "é",
        "\u2028",
      ),
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(
      fc.oneof(yamlish, fc.string({ unit: "binary" }), fc.uint8Array({ maxLength: 200 })),
      (content) => {
        for (const path of ["a.yaml", "a.json"]) {
          const { document, problems } = parseDocument(fileOf(path, content));
          expect(problems.filter(({ line, column }) => line < 1 || column < 1)).toEqual([]);
          document?.positionOf('a.b[0]["x"].c');
        }
      },
    ),
    { numRuns: 400 },
  );
});

function bomb(levels: number): string {
  const names = "abcdefghijkl".slice(0, levels);
  return names
    .split("")
    .map((name, n) => `${name}: &${name} [${`${n === 0 ? "x" : `*${names[n - 1]}`}, `.repeat(9)}]`)
    .join("\n");
}

function isPlain(value: unknown): value is Json {
  if (typeof value === "string") return value.isWellFormed();
  if (Array.isArray(value)) return value.every(isPlain);
  return (
    !isJsonObject(value) ||
    Object.entries(value).every(([key, item]) => key !== "__proto__" && key.isWellFormed() && isPlain(item))
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function textAt(text: string, position: { line: number; column: number } | undefined): string {
  return text.split("\n")[(position?.line ?? 0) - 1]?.slice((position?.column ?? 0) - 1) ?? "";
}

function startOf(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")}`);
}
