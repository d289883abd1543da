import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { Problem } from "@keelson/model";

import { formatProblem, formatProblems } from "./problem.ts";

const problem: Problem = {
  code: "K1002",
  file: "environments/lab/environment.yaml",
  line: 14,
  column: 3,
  path: "instnces",
  message: "unknown key `instnces`",
  hint: "did you mean `instances`?",
  sourceLine: "  instnces: {}",
};

/** The source line and the caret line without their gutters. */
function shown(sourceLine: string, column: number): string[] {
  return formatProblem({ ...problem, sourceLine, column })
    .split("\n")
    .slice(1, 3)
    .map((line) => line.slice(7));
}

describe("a problem", () => {
  test("is one line with its place, the source line with a caret, and the hint", () => {
    expect(formatProblem(problem))
      .toBe(`error[K1002] environments/lab/environment.yaml:14:3 unknown key \`instnces\`
  14 |   instnces: {}
     |   ^
  hint: did you mean \`instances\`?`);
  });

  test("may have neither source line nor hint", () => {
    const { code, file, line, column, path, message } = problem;
    const short = { code, file, line, column, path, message };
    expect(formatProblem(short)).toBe(
      "error[K1002] environments/lab/environment.yaml:14:3 unknown key `instnces`",
    );
    expect(formatProblem({ ...short, sourceLine: " " })).not.toContain("|");
    expect(formatProblems([short, short])).toBe(`${formatProblem(short)}\n\n${formatProblem(short)}`);
  });

  test("is coloured only on demand", () => {
    expect(formatProblem(problem, { colour: true })).toBe(
      "\u001b[1;31merror[K1002]\u001b[0m \u001b[1menvironments/lab/environment.yaml:14:3\u001b[0m unknown key `instnces`\n" +
        "\u001b[34m  14 |\u001b[0m   instnces: {}\n" +
        "\u001b[34m     |\u001b[0m   \u001b[1;31m^\u001b[0m\n" +
        "  \u001b[34mhint:\u001b[0m did you mean `instances`?",
    );
  });
});

describe("the caret stands under its column", () => {
  test.each([
    ["behind tabs", "\t\ta: b", 3, "    a: b", 4],
    ["behind wide characters", "名前: x", 5, "名前: x", 6],
    ["behind an emoji of two code units", "🚀: x", 5, "🚀: x", 4],
    ["behind combining marks", "e\u0301: x", 5, "e\u0301: x", 3],
    ["behind an escape", "\u001b[1m: x", 7, "\\u{1b}[1m: x", 11],
    ["behind the end of the line", "a:", 3, "a:", 2],
    ["far behind the end of the line", "a:", 99, "a:", 2],
  ])("%s", (_, sourceLine, column, text, caretColumn) => {
    expect(shown(sourceLine, column)).toEqual([text, `${" ".repeat(caretColumn)}^`]);
  });

  test("also in a line that is too long to show", () => {
    const [text = "", caret = ""] = shown(`${"a".repeat(5000)}X${"b".repeat(5000)}`, 5001);
    expect(text).toHaveLength(102);
    expect(text).toMatch(/^…a+Xb+…$/);
    expect(text[caret.indexOf("^")]).toBe("X");
    expect(shown(`X${"b".repeat(5000)}`, 1)).toEqual([`X${"b".repeat(99)}…`, "^"]);
  });

  test("whatever the line", () => {
    const line = fc.string({
      unit: fc.constantFrom("a", "b", " ", "\t", "名", "🚀", "\u0301", "\u202e", "\u0000"),
      maxLength: 300,
    });
    fc.assert(
      fc.property(line, line, (before, after) => {
        const [text = "", caret = ""] = shown(`${before}X${after}`, before.length + 1);
        const start = text.slice(0, text.indexOf("X"));
        const columns = Array.from(start.replaceAll("\u0301", "")).reduce(
          (sum, letter) => sum + (/[名🚀]/u.test(letter) ? 2 : 1),
          0,
        );
        expect(text).toContain("X");
        expect(caret).toBe(`${" ".repeat(columns)}^`);
      }),
    );
  });
});

describe("text of a repository", () => {
  test("is shown, not obeyed", () => {
    const hostile = "\u001b[2J\u001b]0;x\u0007 a\u202eb\u2066c\u200bd\r\ne\u009b1m\u{e0041}";
    const text = formatProblem({
      ...problem,
      message: hostile,
      hint: hostile,
      file: hostile,
      sourceLine: hostile,
    });
    expect(text.split("\n")[0]).toContain(
      "\\u{1b}[2J\\u{1b}]0;x\\u{7} a\\u{202e}b\\u{2066}c\\u{200b}d\\u{d}\\ne\\u{9b}1m\\u{e0041}",
    );
    expect(text.split("\n")).toHaveLength(4);
  });

  test("leaves no control, formatting or bidirectional character in what is printed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const printed = formatProblem({
          ...problem,
          message: text,
          hint: text,
          file: text,
          sourceLine: `x${text}`,
        });
        expect(printed.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u);
        expect(printed.split("\n")).toHaveLength(4);
      }),
      { numRuns: 300 },
    );
  });

  test("keeps what people write in their languages", () => {
    const text = "Größe, 名前, сервер, שם, 🚀";
    expect(formatProblem({ ...problem, message: text })).toContain(text);
  });
});
