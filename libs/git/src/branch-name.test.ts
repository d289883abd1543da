import { expect, it } from "vitest";

import { isBranchName } from "./branch-name.ts";
import { branchRef } from "./branch-ref.ts";

it.each(["main", "release/1.9", "site/hosp-a", "a-b", "v1.0", "ünïcode", "a@b", "refs/heads/main", "HEAD"])(
  "takes %j for a branch",
  (name) => {
    expect(isBranchName(name)).toBe(true);
    expect(branchRef(name)).toBe(`refs/heads/${name}`);
  },
);

it.each(
  [
    ["", "@", "-", "-x", "--upload-pack=touch /tmp/x", "/main", "main/", "a//b", ".hidden", "a/.b"],
    ["main.lock", "a.lock/b", "a..b", "main.", "a@{1}", "a b", "a\tb", "a\nb", "a\u0000b", "a\u007fb"],
    ["a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b"],
  ].flat(),
)("refuses %j", (name) => {
  expect(isBranchName(name)).toBe(false);
  expect(() => branchRef(name)).toThrow(expect.objectContaining({ code: "K2006" }));
});
