import { styleText } from "node:util";
import { describe, expect, it } from "vitest";

import { escapeLines, escapePainted, formatJson } from "./visible-text.ts";

const hostile = "a\u001b[2Jb\u009b2Jc\u202ed\re\u{e0041}";
const shown = "a\\u{1b}[2Jb\\u{9b}2Jc\\u{202e}d\\u{d}e\\u{e0041}";

describe("text of several lines", () => {
  it("must keep its lines and nothing else that would rule a terminal", () => {
    expect(escapeLines(`first\n${hostile}\n`)).toBe(`first\n${shown}\n`);
  });

  it("must keep our own colours and no other sequence when it is painted", () => {
    const formats = ["red", "green", "yellow", "cyan", "bold", "dim"] as const;
    const painted = formats.map((format) => styleText(format, "x", { validateStream: false })).join("\n");
    expect(escapePainted(painted)).toBe(painted);
    expect(escapePainted(`${painted}${hostile}`)).toBe(`${painted}${shown}`);
    expect(escapePainted("\u001b[8mhidden\u001b[30m")).toBe("\\u{1b}[8mhidden\\u{1b}[30m");
  });
});

describe("JSON", () => {
  it("must be plain text on a terminal and the same value for a program", () => {
    const value = { [hostile]: [hostile, 1, null], bytes: new Uint8Array(3) };
    const text = formatJson(value);
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(JSON.parse(text)).toEqual({ [hostile]: [hostile, 1, null] });
    expect(formatJson({ a: ["ä"] })).toBe('{\n  "a": [\n    "ä"\n  ]\n}');
  });
});
