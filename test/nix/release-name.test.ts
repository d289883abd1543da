import * as fc from "fast-check";
import { expect, it } from "vitest";

import { readDocument } from "../../libs/manifest/src/index.ts";
import { Release } from "../../libs/model/src/index.ts";
import { readReleaseName } from "../../packaging/nix/release-name.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** What Keelson itself reads; null where it finds a problem. */
function readWithLibrary(text: string) {
  const file = { path: "release.yaml", mode: "100644" as const, bytes: bytesOf(text) };
  const { value, problems } = readDocument(file, Release);
  if (value === null || problems.length > 0) return null;
  return { name: value.value.name, version: value.value.version };
}

const both = "name: hello\nversion: 1.0.0-rc.1+b\n";
const rest = "packages: [web]\n";

it.each([
  both + rest,
  `# yaml-language-server: $schema=x\n---\n${both}${rest}`,
  `\uFEFFname: "hello" # it\r\n\r\nversion:  '1.0.0-rc.1+b'\t\r\npackages:\r\n- web\r\n`,
  `packages: [\n  web,\n]\n${both}`,
  `secrets:\n  name: { generate: { bytes: 32 } }\n${rest}${both}`,
])("must read %j as Keelson does", (text) => {
  expect(readReleaseName(bytesOf(text))).toEqual({ name: "hello", version: "1.0.0-rc.1+b" });
  expect(readWithLibrary(text)).toEqual({ name: "hello", version: "1.0.0-rc.1+b" });
});

it.each([
  ["", "first key"],
  [rest, "0 lines begin with `name:`"],
  [`name: hello\n${both}${rest}`, "2 lines begin with `name:`"],
  [`{ name: hello, version: 1.0.0, packages: [web] }`, "line 1 begins"],
  [`"name": hello\nversion: 1.0.0\n${rest}`, "line 1 begins"],
  [`? name\n: hello\nversion: 1.0.0\n${rest}`, "line 1 begins"],
  [` name: hello\n version: 1.0.0\n packages: [web]\n`, "first key"],
  [`name: &a hello\nversion: 1.0.0\n${rest}`, "line 1 is not"],
  [`name: hello\n  world\nversion: 1.0.0\n${rest}`, "line 1 is not"],
  [`name:\n  hello\nversion: 1.0.0\n${rest}`, "line 1 is not"],
  [`name: hello# it\nversion: 1.0.0\n${rest}`, "line 1 is not"],
  [`# x\rname: other\n${both}${rest}`, "line 1 begins"],
])("must refuse %j, which a build does not read", (text, message) => {
  expect(() => readReleaseName(bytesOf(text))).toThrow(message);
});

it("must refuse what is not UTF-8", () => {
  expect(() => readReleaseName(new Uint8Array([...bytesOf(both), 0x23, 0xff]))).toThrow("not valid");
});

it("must never read another release than Keelson does", () => {
  const pieces = [
    [
      "name: hello",
      "name: other",
      "name: hello # x",
      "name: hello #",
      "name: 'hello'",
      'name: "hello',
      "name: *a",
    ],
    [
      "name:",
      "  hello",
      " more",
      " name: other",
      "\tname: other",
      '"name": other',
      "'name': other",
      "? name",
      ": other",
    ],
    [
      "version: 1.0.0",
      "version: 2.0.0",
      "packages: [web]",
      "packages: [web] }",
      "packages:",
      "- web",
      "  - web",
    ],
    ["---", "...", "# x", "#", "{", "}", "]", ",", "'", '"', ' "', 'other"', "", " ", "%YAML 1.2"],
    ["settings: {", 'agent: "', "agent: '", "agent: |", "agent: >", "agent: !x", "includes: [", "<<: &a"],
  ].flat();
  const line = fc.tuple(fc.constantFrom(...pieces), fc.constantFrom("\n", "\n", "\n", "\r\n", "\r", "", " "));
  const text = fc.array(line, { maxLength: 2 }).map((lines) => lines.flat().join(""));
  const key = (...values: string[]) => fc.constantFrom(...values).map((value) => `${value}\n`);
  const written = fc
    .tuple(text, key("name: hello", "name: other"), text, key("version: 1.0.0"), key("packages: [web]"), text)
    .map((parts) => parts.join(""));
  let compared = 0;
  fc.assert(
    fc.property(written, (document) => {
      const known = readWithLibrary(document);
      let read;
      try {
        read = readReleaseName(bytesOf(document));
      } catch {
        return;
      }
      if (known === null) return;
      compared++;
      expect(read).toEqual(known);
    }),
    { numRuns: 10_000 },
  );
  expect(compared).toBeGreaterThan(200);
});
