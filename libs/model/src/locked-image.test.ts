import { describe, expect, it, test } from "vitest";

import {
  idsForPlatform,
  imageDigestOf,
  imageReference,
  runsLockedImage,
  shortDigest,
} from "./locked-image.ts";

const digest = `sha256:${"a".repeat(64)}`;
const other = `sha256:${"b".repeat(64)}`;
const lockedImage = { digest, platforms: { "linux/amd64": `sha256:${"1".repeat(64)}` } };

test.each([
  ["web:1.0", `web:1.0@${digest}`],
  ["web", `web@${digest}`],
  ["registry.example:5000/team/web:1.0", `registry.example:5000/team/web:1.0@${digest}`],
  [`web:1.0@${other}`, `web:1.0@${digest}`],
])("%s is looked for as %s where it is locked, and as it is written elsewhere", (image, reference) => {
  expect(imageReference({ image, lockedImage })).toBe(reference);
  expect(imageReference({ image })).toBe(image);
});

describe("a container", () => {
  it("runs what is locked by any id or name of those bytes", () => {
    expect(runsLockedImage({ imageId: digest }, { lockedImage })).toBe(true);
    expect(runsLockedImage({ imageId: `sha256:${"1".repeat(64)}` }, { lockedImage })).toBe(true);
    expect(runsLockedImage({ imageId: other, imageDigests: [`mirror/web@${digest}`] }, { lockedImage })).toBe(
      true,
    );
    expect(runsLockedImage({ imageId: other }, {})).toBe(true);
  });

  it("runs something else by any other id and name", () => {
    expect(runsLockedImage({ imageId: other, imageDigests: [`web@${other}`] }, { lockedImage })).toBe(false);
  });

  it("is of a digest by its reference, or as registries call its image, or by the image's id", () => {
    const named = { image: `web:1@${digest}`, imageId: other };
    expect(imageDigestOf(named)).toBe(digest);
    expect(imageDigestOf({ image: "web:1", imageId: other, imageDigests: [`web@${digest}`] })).toBe(digest);
    expect(imageDigestOf({ image: "web:1", imageId: other })).toBe(other);
  });
});

test.each([
  ["linux/amd64", ["a1", "i386"]],
  ["linux/arm64", ["a64", "v7", "v6"]],
  ["linux/arm", ["v7", "v6"]],
  ["linux/riscv64", []],
  ["windows/amd64", []],
])("an engine of %s takes these images of a lock, the best first", (platform, ids) => {
  const platforms = {
    "linux/386": "i386",
    "linux/amd64": "a1",
    "linux/arm/v7": "v7",
    "linux/arm/v6": "v6",
    "linux/arm64/v8": "a64",
    "linux/s390x": "s",
  };
  expect(idsForPlatform({ digest, platforms }, platform)).toEqual(ids);
});

test("a digest is shown with as many digits as Docker shows", () => {
  expect(shortDigest(digest)).toBe(`sha256:${"a".repeat(12)}`);
  expect(shortDigest("whatever")).toBe("whatever");
});
