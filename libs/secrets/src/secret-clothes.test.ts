import { assert, boolean, constantFrom, oneof, property, string } from "fast-check";
import { describe, expect, test } from "vitest";

import { newValueFilter } from "./hidden-value.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const percent = (text: string) =>
  Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
const ascii = (text: string) =>
  JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
const inLines = (text: string, end = "\n") => (text.match(/.{1,76}/g) ?? []).join(end);

/** How programs write a value. */
const clothes: Record<string, (value: string) => string> = {
  "as it is": (value) => value,
  "in upper case": (value) => value.toUpperCase(),
  "in lower case": (value) => value.toLowerCase(),
  "as JSON": (value) => JSON.stringify(value).slice(1, -1),
  "as JSON in JSON": (value) => JSON.stringify(JSON.stringify(value)).slice(3, -3),
  "as ASCII JSON (Python)": (value) => ascii(value).slice(1, -1),
  "as JSON with upper-case escapes": (value) =>
    ascii(value)
      .slice(1, -1)
      .replace(/\\u[\da-f]{4}/g, (unit) => `\\u${unit.slice(2).toUpperCase()}`),
  "as JSON for HTML (Go)": (value) =>
    JSON.stringify(value)
      .slice(1, -1)
      .replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
  "as JSON with its slashes (PHP)": (value) => JSON.stringify(value).slice(1, -1).replaceAll("/", "\\/"),
  "in a URL": (value) => encodeURIComponent(value),
  "in a URL, lower-case": (value) => percent(value),
  "in a URL, upper-case": (value) => percent(value).toUpperCase(),
  "in a URL twice": (value) => encodeURIComponent(encodeURIComponent(value)),
  "in a URL in JSON": (value) => JSON.stringify({ url: `http://x/?t=${encodeURIComponent(value)}` }),
  "in a form": (value) => new URLSearchParams({ value }).toString().slice("value=".length),
  "in HTML": (value) =>
    value.replace(
      /[&<>"']/g,
      (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[sign] ?? "",
    ),
  "in HTML by numbers": (value) =>
    Array.from(value, (sign) => `&#x${(sign.codePointAt(0) ?? 0).toString(16)};`).join(""),
  "in a shell's single quotes": (value) => value.replaceAll("'", "'\\''"),
  "in a shell's double quotes": (value) => value.replace(/["\\$`]/g, "\\$&"),
  "for a shell without quotes": (value) => value.replace(/[^\w\n]/gu, "\\$&"),
  "in YAML's single quotes": (value) => value.replaceAll("'", "''"),
  "in CSV": (value) => value.replaceAll('"', '""'),
  "in a Compose file": (value) => value.replaceAll("$", "$$$$"),
  "in Python's bytes": (value) =>
    Array.from(Buffer.from(value), (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join(""),
  "in colours": (value) => Array.from(value).join("\x1b[0;31m"),
  "with the engine's time in it": (value) =>
    Array.from(value, (sign, at) => (at === 2 ? `2026-11-20T08:00:01.000000000Z ${sign}` : sign)).join(""),
  "in hex": (value) => Buffer.from(value).toString("hex"),
  "in upper-case hex": (value) => Buffer.from(value).toString("hex").toUpperCase(),
  "in hex with colons": (value) => (Buffer.from(value).toString("hex").match(/../g) ?? []).join(":"),
  "in base64": base64,
  "in base64 without padding": (value) => base64(value).replace(/=+$/, ""),
  "in base64 for URLs": (value) => Buffer.from(value).toString("base64url"),
  "in base64 in lines": (value) => inLines(base64(`${"x".repeat(50)}${value}${"y".repeat(50)}`)),
  "in base64 in lines in JSON": (value) =>
    JSON.stringify(inLines(base64(`${"x".repeat(50)}${value}${"y".repeat(50)}`), "\r\n")),
  "in base64 in a URL": (value) => encodeURIComponent(base64(value)),
  "as JSON in base64": (value) => base64(JSON.stringify({ password: value })),
  "in a registry's login": (value) =>
    base64(JSON.stringify({ auths: { r: { auth: base64(`user:${value}`) } } })),
};

/** What is typical of secrets, and anything else. */
const value = oneof(
  string({ minLength: 4, maxLength: 40 }),
  string({ unit: "binary", minLength: 4, maxLength: 30 }),
  string({ unit: constantFrom(...Array.from("ab \"'\\%+&<>$=/\n\t;#é€😀")), minLength: 4, maxLength: 20 }),
).filter((text) => text.trim().length >= 4 && text.isWellFormed() && !text.includes("*"));
const around = string({ maxLength: 12 }).filter((text) => !text.includes("*"));

describe("whatever the value, it is not in the hidden text", () => {
  test.each(Object.keys(clothes))("%s", (name) => {
    const dress = clothes[name] ?? String;
    assert(
      property(value, around, (secret, before) => {
        const dressed = dress(secret);
        const hidden = newValueFilter([secret])(`${before} ${dressed} end`);
        expect(hidden).toContain("***");
        expect(hidden).not.toContain(dressed);
      }),
      { numRuns: 100 },
    );
  });

  test("in base64 at each place of a longer text, of which nothing of the value can be read back", () => {
    assert(
      property(value, around, around, boolean(), (secret, before, after, isForUrls) => {
        const whole = Buffer.from(`${before}${secret}${after}`);
        const text = whole.toString(isForUrls ? "base64url" : "base64");
        const hidden = newValueFilter([secret])(text);
        const parts = hidden.split("***");
        const [start, end] = [parts[0] ?? "", parts.at(-1) ?? ""];
        expect(hidden).toContain("***");
        const leading = Buffer.from(start, "base64");
        expect(leading.length).toBeLessThanOrEqual(Buffer.byteLength(before));
        expect(text.endsWith(end)).toBe(true);
        expect(Math.floor((end.replaceAll("=", "").length * 6) / 8)).toBeLessThanOrEqual(
          Buffer.byteLength(after),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe("hidden values", () => {
  test("that overlap leave nothing between them, and neighbours stay two", () => {
    const hide = newValueFilter(["abcdef", "defghij", "ghij-klm"]);
    expect(hide("<abcdefghij-klm> <abcdef> abcdefabcdef")).toBe("<***> <***> ******");
  });

  test("of several lines are hidden line by line, however the lines end", () => {
    const pem = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ==\n-----END KEY-----\n";
    const hide = newValueFilter([pem]);
    expect(hide(`key: |\n${pem.replaceAll(/^/gm, "  ")}`)).not.toMatch(/MII|kqh/);
    expect(hide(pem.replaceAll("\n", "\r\n"))).not.toMatch(/MII|kqh/);
    expect(hide(JSON.stringify({ pem: pem.replaceAll("\n", "\r\n") }))).not.toMatch(/MII|kqh/);
    expect(hide(base64("MIIEvQIBADANBg"))).toBe("***=");
  });

  test.each([4, 8, 13])("are hidden where they were folded after %i characters", (width) => {
    const secret = "Hunter2-and more-of-the-same";
    const hide = newValueFilter([secret, "short-1"]);
    for (const text of [secret, secret.toUpperCase(), secret.toLowerCase()]) {
      const folded = (text.match(new RegExp(`.{1,${width}}`, "g")) ?? []).join("\n");
      expect(hide(`said: ${folded} end`)).toBe("said: *** end");
    }
    expect(hide("sho rt-1 hunter2- and less")).toBe("sho rt-1 hunter2- and less");
  });

  test("that an excerpt cut are hidden on both sides, also when they were encoded", () => {
    const hide = newValueFilter(["hunter2-and-more"]);
    const text = base64("user:hunter2-and-more");
    expect(hide(`…${text.slice(12)}`)).toMatch(/^…\*\*\*/);
    expect(hide("…nd-more x hunter2-an…")).toBe("…*** x ***…");
    expect(hide(`${"x ".repeat(40_000)}hunter2-a`)).toMatch(/x \*\*\*$/);
    expect(hide("ends with hunter2-a")).toBe("ends with hunter2-a");
  });

  test("leave what only looks like one", () => {
    const hide = newValueFilter(["hunter2", "abc", "äöü"]);
    for (const text of [
      "abc YWJj 616263 äöü",
      "hunter",
      "%7",
      "\\u00",
      "&amp;",
      "aGVsbG8gd29ybGQ=",
      "💥 \\x",
      "a+b=c",
    ])
      expect(hide(text)).toBe(text);
  });

  test("are taken out of a text that is no longer one of whole characters, and of the rest nothing changes", () => {
    assert(
      property(string({ unit: "binary" }), (text) => {
        expect(newValueFilter(["a secret of nobody"])(text)).toBe(text);
      }),
    );
  });

  test("are found when they and the text are many", () => {
    const values = Array.from({ length: 1_000 }, (_, index) => `secret-number-${index}-of-many`);
    const text = values
      .map((each) => `GET /path?token=${each} status=200 id=8f14e45f${" ".repeat(1_000)}\n`)
      .join("");
    const hidden = newValueFilter(values)(text);
    expect(hidden).toHaveLength(text.length - values.join("").length + 3 * values.length);
    expect(hidden).not.toContain("secret");
  });
});
