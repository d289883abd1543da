import { describe, expect, test } from "vitest";

import { build, desiredOf, platform, problemText, render, serviceOf } from "./fixture.ts";

const environmentPath = "environments/lab/environment.yaml";
const lockPath = "releases/sample/1.0.0/images.lock.yaml";
const locked = (digit: string) => ({
  digest: `sha256:${digit.repeat(64)}`,
  platforms: { "linux/amd64": `sha256:${"f".repeat(64)}` },
});
const lockOf = (images: Record<string, ReturnType<typeof locked>>) => ({
  [lockPath]: JSON.stringify({ images }),
});
const strict = {
  [environmentPath]: `${platform[environmentPath] ?? ""}policy: { requireDigests: true }\n`,
};

describe("a lock of images", () => {
  test("says what the tag of a service names, and changes no digest of it", () => {
    const before = serviceOf(desiredOf(), "core/app");
    const after = serviceOf(desiredOf(lockOf({ "app:1.0": locked("a") })), "core/app");
    const later = serviceOf(desiredOf(lockOf({ "app:1.0": locked("b") })), "core/app");
    expect(before.lockedImage).toBeUndefined();
    expect(after.lockedImage).toEqual(locked("a"));
    expect(later.lockedImage).toEqual(locked("b"));
    expect(after.image).toBe("app:1.0");
    expect([after.digests, later.digests]).toEqual([before.digests, before.digests]);
  });

  test("makes another desired state where a tag is locked to something else", () => {
    const digests = ["a", "b"].map((digit) => desiredOf(lockOf({ "app:1.0": locked(digit) })).digest);
    expect(new Set([...digests, desiredOf().digest]).size).toBe(3);
  });

  test("is no part of what Compose is given", () => {
    const input = (changes: Record<string, string>) =>
      render(changes).rendered?.instances.map(({ compose }) => compose);
    expect(input(lockOf({ "app:1.0": locked("a") }))).toEqual(input({}));
  });

  test("is as good as a digest, where the environment requires one", () => {
    const all = Object.fromEntries(["app:1.0", "nginx:1.0", "db:1.0"].map((name) => [name, locked("a")]));
    expect(build(render({ ...strict, ...lockOf(all) }).rendered).problems).toEqual([]);
    const { "db:1.0": _db, ...some } = all;
    const { problems, warnings } = build(render({ ...strict, ...lockOf(some) }).rendered);
    expect(problemText(problems)).toMatchInlineSnapshot(`
      "error[K1313] releases/sample/1.0.0/packages/storage/compose.yaml:3:5 lab-storage/db runs db:1.0 without a digest, which environment lab requires
         3 |     image: db:1.0
           |     ^
        hint: Run keelson release lock sample@1.0.0 before it is published; a published one needs a new version. Or name the image as db:1.0@sha256:…, or set policy.requireDigests: false.
      "
    `);
    expect(warnings).toEqual([]);
  });

  test("that lacks an image is told, and one that is not there is not", () => {
    const { problems, warnings } = build(
      render(lockOf({ "app:1.0": locked("a"), "db:1.0": locked("a") })).rendered,
    );
    expect(problems).toEqual([]);
    expect(problemText(warnings)).toMatchInlineSnapshot(`
      "error[K1453] releases/sample/1.0.0/packages/core/compose.yaml:6:5 lab-core/nginx runs nginx:1.0, which releases/sample/1.0.0/images.lock.yaml does not lock
         6 |     image: nginx:1.0
           |     ^
        hint: Run keelson release lock sample@1.0.0 before it is published; a published one needs a new version.
      "
    `);
    expect(build(render().rendered).warnings).toEqual([]);
  });
});
