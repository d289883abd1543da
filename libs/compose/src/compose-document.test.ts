import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { maxFileBytes, readComposeDocument } from "./compose-document.ts";
import { writeNode } from "./compose-node.ts";

describe("a Compose file", () => {
  it("must be evaluated with its anchors and merge keys", () => {
    const text = [
      "x-base: &base {image: app, tty: true}",
      "x-more: &more {tty: false, init: true}",
      "services:",
      "  one: *base",
      "  two: {<<: *base, image: other}",
      "  three: {<<: [*more, *base], command: [a]}",
    ].join("\n");
    expect(valueOf(text)["services"]).toEqual({
      one: { image: "app", tty: true },
      two: { image: "other", tty: true },
      three: { image: "app", tty: false, init: true, command: ["a"] },
    });
  });

  it("must place a merged key where it is written", () => {
    const text = "x-base: &base\n  privileged: true\nservices:\n  web:\n    <<: *base\n";
    const [document] = read(text).documents ?? [];
    expect(document?.placeOf(["services", "web", "privileged"])).toMatchObject({
      line: 2,
      column: 3,
      sourceLine: "  privileged: true",
    });
    expect(document?.placeOf(["services", "web", "nope"])).toMatchObject({
      line: 4,
      column: 3,
      sourceLine: "  web:",
    });
  });

  const refused: [what: string, code: string, text: string][] = [
    ["malformed YAML", "K1416", "services:\n  a: b: c\n"],
    ["nothing", "K1416", ""],
    ["a list", "K1416", "- a"],
    ["a document that is no mapping", "K1416", "a: 1\n---\n# nothing\n"],
    ["an alias of another document", "K1416", "a: &a 1\n---\nb: *a"],
    ["very many documents", "K1418", "a: 1\n---\n".repeat(40)],
    [
      "very many values in several documents",
      "K1418",
      `a: [${"1,".repeat(15_000)}]\n---\nb: [${"1,".repeat(15_000)}]`,
    ],
    ["a %YAML directive", "K1416", "%YAML 1.1\n---\nprivileged: off"],
    ["a key twice", "K1416", "a: 1\n'a': 2"],
    ["a key twice, once as a number", "K1416", "1: a\n'1': b"],
    ["two merge keys", "K1416", "a: &a {b: 1}\nc: {<<: *a, <<: *a}"],
    ["a merge of a text", "K1416", "c: {<<: text}"],
    ["an alias without an anchor", "K1416", "a: *b"],
    ["a key that is a list", "K1416", "? [a]\n: b"],
    ["a key that is null", "K1416", "~: b"],
    ["a !!binary key", "K1416", "!!binary cHJpdmlsZWdlZA==: true"],
    ["a tag of someone", "K1416", "a: !mine 1"],
    ["!reset outside of an override", "K1416", "a: !reset null"],
    ["!override outside of an override", "K1416", "a: !override {}"],
    ["half a surrogate pair", "K1416", 'a: "\\uD83D"'],
    ["an alias of itself", "K1418", "a: &a [*a]"],
    ["a bomb of aliases", "K1418", bomb(9)],
    ["deep nesting", "K1418", `a: ${"[".repeat(60)}${"]".repeat(60)}`],
    ["very deep nesting", "K1416", `a: ${"[".repeat(60_000)}`],
    ["a huge file", "K1418", `a: ${"x".repeat(maxFileBytes)}`],
    ["very many values", "K1418", `a: [${"1,".repeat(30_000)}]`],
  ];

  it.each(refused)("must refuse %s with %s", (_what, code, text) => {
    const { documents, problems } = read(text);
    expect(documents).toBeNull();
    expect(new Set(problems.map((problem) => problem.code))).toEqual(new Set([code]));
  });

  it("must accept the near neighbours of what is refused", () => {
    const accepted = [
      "---\na: 1\n...\n",
      "a: 1\nA: 2",
      "a: &a {b: 1}\nc: {<<: *a}",
      "a: &a 1\nb: *a",
      "!!str a: !!str 1",
      bomb(3),
      "a: [[[[[]]]]]",
      "\uFEFFa: 1",
    ];
    expect(accepted.filter((text) => read(text).problems.length > 0)).toEqual([]);
  });

  it("must refuse what is not UTF-8", () => {
    const source = {
      path: "c.yaml",
      mode: "100644" as const,
      bytes: Uint8Array.from([0xff, 0xfe, 0x61, 0x00]),
    };
    expect(readComposeDocument(source, { overrideTags: false }).problems[0]?.code).toBe("K1416");
  });

  it("must read each document, with its own places", () => {
    const documents = read("a: 1\n---\nb:\n  c: 2\n").documents ?? [];
    expect(documents.map(({ position, root }) => [position, root.value])).toEqual([
      [0, { a: 1 }],
      [1, { b: { c: 2 } }],
    ]);
    expect(documents[1]?.placeOf(["b", "c"])).toMatchObject({ line: 4, column: 3, sourceLine: "  c: 2" });
  });

  it("must report at most ten mistakes of a file, in bounded time", () => {
    expect(read(`a: [${",".repeat(100_000)}]`).problems).toHaveLength(10);
  });
});

describe("what Compose is given", () => {
  it("must be what was judged", () => {
    const text = [
      'a: &a {image: "x\\u2028\\0\\"\\\\ ü 😀", n: ~}',
      "b: {<<: *a, mode: 0440, hex: 0x1F, ip: 10.0.0.1, date: 2020-01-01, port: 22:22, under: 1_000}",
      "c: [.inf, yes, no, true, FALSE, null, 1.50, -3, +4, .5, '0440', <<, 'multi",
      "  line']",
      "d: |\n  block",
      "__proto__: {privileged: true}",
    ].join("\n");
    const written = writeNode(rootOf(text));
    expect(written).toMatch(/^[\x20-\x7e]*$/);
    expect(parse(written)).toEqual(parse(text, { merge: true }));
    for (const kept of ["0440", "0x1F", "1_000", ".inf", "1.50", "+4"]) expect(written).toContain(kept);
    expect(written).toContain('"__proto__": {"privileged": true}');
  });

  it("must keep the tags of an override", () => {
    const text =
      "a: !reset null\nb: !reset []\nc: !override {d: !reset 1}\ne: !override [a]\nf: !override 'null'\ng: !override true";
    const [document] = read(text, true).documents ?? [];
    expect(writeNode(document?.root ?? fail())).toBe(
      '{"a": !reset null, "b": !reset [], "c": !override {"d": !reset 1}, "e": !override ["a"], "f": !override "null", "g": !override true}',
    );
    expect(document?.root.value).toMatchObject({ a: null, f: "null", g: true });
  });
});

function bomb(levels: number): string {
  const lines = Array.from({ length: levels }, (_, index) =>
    index === 0
      ? "l0: &l0 [a, a, a, a, a, a, a, a, a]"
      : `l${index}: &l${index} [${`*l${index - 1}, `.repeat(9)}]`,
  );
  return lines.join("\n");
}

function read(text: string, overrideTags = false) {
  return readComposeDocument(
    { path: "c.yaml", mode: "100644", bytes: new TextEncoder().encode(text) },
    { overrideTags },
  );
}

function rootOf(text: string) {
  return read(text).documents?.[0]?.root ?? fail();
}

function valueOf(text: string) {
  const value: unknown = rootOf(text).value;
  return value !== null && typeof value === "object" ? Object.fromEntries(Object.entries(value)) : fail();
}

function fail(): never {
  throw new Error("the document was refused");
}
