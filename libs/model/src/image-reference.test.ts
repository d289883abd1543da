import { array, assert, constantFrom, property } from "fast-check";
import { describe, expect, test } from "vitest";

import { findReferenceFault } from "./image-reference.ts";

const hex = "0123456789abcdef".repeat(4);

describe("an image reference", () => {
  test.each([
    "busybox",
    "a/b:1",
    "localhost/x",
    "localhost:5000/x",
    `localhost:5000/x@sha256:${hex}`,
    "[::1]:5000/x",
    "[2001:db8::1]/x/y:1",
    "10.0.0.1:5000/x",
    `registry.example/team/app:1.2.3-rc.1@sha256:${hex}`,
    `app@sha512:${hex}${hex}`,
    "Registry.Example:443/team/app",
    "a.b/c_d/e__f/g---h:_1",
    `a/${"b".repeat(253)}`,
    `a:${"1".repeat(128)}`,
    "x--y/z",
    // The name of a host is no path: what is before the first slash has neither dot nor port.
    "team/app.web:latest",
  ])("can be %s", (text) => {
    expect(findReferenceFault(text)).toBeNull();
  });

  test.each([
    ["../../127.0.0.1:19399/x", "registry"],
    ["foo/../bar", "repository"],
    ["foo/./bar", "repository"],
    ["foo//bar", "repository"],
    ["/foo", "repository"],
    ["foo/", "repository"],
    ["--help", "repository"],
    ["-", "repository"],
    ["UPPER/x", "repository"],
    ["a/B", "repository"],
    ["localhost:5000/X", "repository"],
    ["a\nb", "repository"],
    ["busybox\n", "repository"],
    ["busybox:1\n", "tag"],
    ["busybox ", "repository"],
    [" busybox", "repository"],
    ["bus\u0000ybox", "repository"],
    ["a%2f..%2fb", "repository"],
    ["a?b", "repository"],
    ["a#b", "repository"],
    ["a\\b", "repository"],
    ["é", "repository"],
    ["a___b", "repository"],
    ["a..b", "repository"],
    ["a_.b", "repository"],
    ["", "repository"],
    [":1", "repository"],
    [":", "tag"],
    ["a:", "tag"],
    ["a:-1", "tag"],
    [`a:${"1".repeat(129)}`, "tag"],
    ["a:1:2", "repository"],
    ["http://registry.example/x", "registry"],
    ["registry.example:/x", "registry"],
    ["registry.example:port/x", "registry"],
    ["user@registry.example/x", "digest"],
    ["-registry.example/x", "registry"],
    [".example/x", "registry"],
    ["[::1/x", "registry"],
    ["[::1%lo]/x", "registry"],
    ["[evil.example]/x", "registry"],
    ["x@sha256:short", "digest"],
    [`x@sha256:${hex.toUpperCase()}`, "digest"],
    [`x@sha256:${hex}0`, "digest"],
    [`x@sha256:${hex}\n`, "digest"],
    [`x@sha256:${hex}@sha256:${hex}`, "digest"],
    [`x@md5:${hex}`, "digest"],
    ["x@", "digest"],
    [`@sha256:${hex}`, "repository"],
    [hex, "id of an image"],
    ["x".repeat(5_000), "longer than 255"],
    [`a/${"b".repeat(254)}`, "longer than 255"],
    [`${"a.".repeat(2_000)}/b`, "longer than 255"],
    ["\ud800", "repository"],
  ])("is not %j, by its %s", (text, part) => {
    expect(findReferenceFault(text)).toContain(part);
  });

  test("never leads out of a path of a URL", () => {
    const piece = constantFrom(
      ".",
      "..",
      "/",
      "a",
      "A",
      "1",
      ":",
      "@",
      "-",
      "_",
      "[",
      "]",
      "%2e",
      "\n",
      "sha256:",
    );
    assert(
      property(array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        if (findReferenceFault(text) !== null) return;
        const path = `/images/${text}/json`;
        expect(new URL(path, "http://engine").pathname).toBe(path);
        expect(text.split("/")).not.toContain("");
      }),
      { numRuns: 5_000 },
    );
  });
});
