import type { Changed, ReleaseDifference } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { formatReleaseDifference } from "./release-text.ts";

const changed = (name: string, before: string | null, after: string | null): Changed => ({
  name,
  how: before === null ? "added" : after === null ? "removed" : "changed",
  before,
  after,
});
const difference: ReleaseDifference = {
  packages: [
    {
      name: "web",
      how: "changed",
      version: changed("version", "1.0.0", "1.1.0"),
      images: [changed("web", "web:1", "web:2")],
      files: [changed("run.sh", "100644 aa", "100755 bb"), changed("a.conf", "100644 aa", "100644 bb")],
      interfaces: [changed("requires sql", null, "^2.0.0")],
      data: [],
      grants: [changed("capability NET_ADMIN", null, "capability NET_ADMIN")],
    },
    {
      name: "old",
      how: "removed",
      version: changed("version", "1.0.0", null),
      images: [],
      files: [],
      interfaces: [],
      data: [],
      grants: [],
    },
  ],
  settings: [changed("title", "default 1", "default 2")],
  secrets: [],
  lockedImages: [changed("web:1", `sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`)],
  files: [changed("CHANGELOG.md", null, "100644 cc")],
};
const identity = (version: string) => ({ name: "shop", version, digest: `sha256-${version}` });
const compared = { before: identity("1.0.0"), after: identity("1.1.0"), difference };

describe("the difference of two releases", () => {
  test("as text", () => {
    expect(formatReleaseDifference(compared, { form: "text" })).toBe(`shop 1.0.0 → shop 1.1.0

package web 1.0.0 → 1.1.0
  images
    ~ web  web:1 → web:2
  asks of the host
    + capability NET_ADMIN
  interfaces
    + requires sql  ^2.0.0
  files
    ~ run.sh  mode 100644 → mode 100755
    ~ a.conf

package old (removed)

images by their tags
  ~ web:1  sha256:aaaaaaaaaaaa → sha256:bbbbbbbbbbbb

settings
  ~ title  default 1 → default 2

other files
  + CHANGELOG.md
`);
  });

  test("as Markdown, in which no name or value breaks out of its line or becomes a link", () => {
    const evil = "`x`](http://evil) @all\n# h | <b>";
    const [first] = difference.packages;
    const text = formatReleaseDifference(
      {
        ...compared,
        difference: {
          ...difference,
          packages:
            first === undefined ? [] : [{ ...first, name: evil, images: [changed(evil, null, evil)] }],
        },
      },
      { form: "markdown" },
    );
    expect(text.split("\n")[0]).toBe("## `shop 1.0.0` → `shop 1.1.0`");
    const span = "`` `x`](http://evil) @all\\n# h \\| <b> ``";
    expect(text).toContain(`### package ${span}`);
    expect(text).toContain(`- images\n  - added ${span}  ${span}\n`);
    expect(text.split("\n").filter((line) => line.startsWith("#")).length).toBe(5);
  });

  test("of the same bytes is nothing", () => {
    const same = { ...compared, after: { ...identity("1.1.0"), digest: "sha256-1.0.0" } };
    expect(formatReleaseDifference(same, { form: "text" })).toBe(
      "shop 1.0.0 → shop 1.1.0\n\nThe same bytes.\n",
    );
  });
});
