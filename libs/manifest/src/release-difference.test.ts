import type { SourceFile } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { type ComparedRelease, compareReleases } from "./release-difference.ts";
import { readReleaseFolder } from "./release-folder.ts";
import { fileOf } from "./test-files.ts";

const first: Readonly<Record<string, string>> = {
  "release.yaml":
    "name: shop\nversion: 1.0.0\npackages: [web, db]\nsettings: schema.json\nsecrets: { key: { generate: { bytes: 32 } } }\n",
  "schema.json": JSON.stringify({
    properties: {
      title: { type: "string", default: "Shop", description: "What the page says." },
      mail: { properties: { port: { type: "integer" } } },
    },
  }),
  "packages/web/package.yaml": "name: web\nversion: 1.0.0\nrequires: { sql: ^1.0.0 }\n",
  "packages/web/compose.yaml": "services: { web: { image: web:1 }, old: { image: old:1 } }\n",
  "packages/db/package.yaml":
    'name: db\nversion: 1.0.0\nprovides: { sql: 1.0.0 }\ndata: { store: { format: 6, reads: ">=6 <7" } }\n',
  "packages/db/compose.yaml": "services: { db: { image: db:6 } }\nvolumes: { store: }\n",
};

function releaseOf(
  texts: Readonly<Record<string, string>>,
  asks: Readonly<Record<string, readonly string[]>> = {},
): ComparedRelease {
  const files = new Map(
    Object.entries(texts).map(([path, text]): [string, SourceFile] => [path, fileOf(path, text)]),
  );
  const { releaseFolder, problems } = readReleaseFolder({ path: "releases/shop/1.0.0", files });
  if (releaseFolder === null) throw new Error(JSON.stringify(problems));
  return { folder: releaseFolder, files, asks: new Map(Object.entries(asks)) };
}

const nothing = { packages: [], settings: [], secrets: [], lockedImages: [], files: [] };

describe("the difference of two releases", () => {
  test("is nothing between equal ones", () => {
    expect(compareReleases(releaseOf(first), releaseOf(first))).toEqual(nothing);
  });

  test("has a tag that was pushed again, and a lock of images as no other file", () => {
    const locked = (digit: string) => ({
      ...first,
      "images.lock.yaml": `images:\n  web:1: { digest: "sha256:${digit.repeat(64)}", platforms: {} }\n`,
    });
    expect(compareReleases(releaseOf(locked("a")), releaseOf(locked("b")))).toEqual({
      ...nothing,
      lockedImages: [
        {
          name: "web:1",
          how: "changed",
          before: `sha256:${"a".repeat(64)}`,
          after: `sha256:${"b".repeat(64)}`,
        },
      ],
    });
    expect(compareReleases(releaseOf(first), releaseOf(locked("a")))).toMatchObject({
      lockedImages: [{ name: "web:1", how: "added" }],
      files: [],
    });
  });

  test("has images, interfaces, data, grants, files and the version of each package that changed", () => {
    const after = {
      ...first,
      "packages/web/package.yaml":
        "name: web\nversion: 1.1.0\nrequires: { sql: ^2.0.0 }\noptional: { mail: ^1.0.0 }\n",
      "packages/web/compose.yaml": "services: { web: { image: web:2 }, job: { image: job:1 } }\n",
      "packages/web/config/a.conf": "a\n",
    };
    const { packages } = compareReleases(
      releaseOf(first, { web: ["device /dev/dri"], db: ["port 1"] }),
      releaseOf(after, { web: ["capability NET_ADMIN"], db: ["port 1"] }),
    );
    expect(packages).toMatchObject([
      {
        name: "web",
        how: "changed",
        version: { before: "1.0.0", after: "1.1.0" },
        images: [
          { name: "job", how: "added", before: null, after: "job:1" },
          { name: "old", how: "removed", before: "old:1", after: null },
          { name: "web", how: "changed", before: "web:1", after: "web:2" },
        ],
        files: [
          { name: "compose.yaml", how: "changed" },
          { name: "config/a.conf", how: "added" },
          { name: "package.yaml", how: "changed" },
        ],
        interfaces: [
          { name: "optional mail", how: "added" },
          { name: "requires sql", how: "changed", before: "^1.0.0", after: "^2.0.0" },
        ],
        data: [],
        grants: [
          { name: "capability NET_ADMIN", how: "added" },
          { name: "device /dev/dri", how: "removed" },
        ],
      },
    ]);
  });

  test("has packages that come and go with all that they bring, and data formats", () => {
    const after = {
      "release.yaml": first["release.yaml"]?.replace("[web, db]", "[db]") ?? "",
      "schema.json": first["schema.json"] ?? "",
      "packages/db/package.yaml":
        'name: db\nversion: 1.0.0\nprovides: { sql: 1.0.0 }\ndata: { store: { format: 7, reads: ">=6 <8" } }\n',
      "packages/db/compose.yaml": first["packages/db/compose.yaml"] ?? "",
    };
    const { packages } = compareReleases(releaseOf(first), releaseOf(after));
    expect(packages).toMatchObject([
      {
        name: "db",
        data: [{ name: "store", before: "format 6, reads >=6 <7", after: "format 7, reads >=6 <8" }],
      },
      { name: "web", how: "removed", images: [{ name: "old" }, { name: "web" }] },
    ]);
  });

  test("tells of a setting only what is said otherwise, and nothing of words for people", () => {
    const schema = (change: object) => ({
      ...first,
      "schema.json": JSON.stringify({
        properties: { title: { type: "string", default: "Shop" }, ...change },
      }),
    });
    const settings = (change: object) =>
      compareReleases(releaseOf(first), releaseOf(schema(change))).settings;
    const mail = { properties: { port: { type: "integer" } } };
    expect(settings({ mail })).toEqual([]);
    expect(settings({ mail, title: { type: "string", default: "Store", maxLength: 9 } })).toEqual([
      { name: "title", how: "changed", before: 'default "Shop"', after: 'default "Store", maxLength 9' },
    ]);
    expect(settings({ color: { type: "string" } })).toEqual([
      { name: "color", how: "added", before: null, after: "string, no default" },
      { name: "mail.port", how: "removed", before: "integer, no default", after: null },
    ]);
  });

  test("has secrets, and files that belong to no package", () => {
    const after = {
      ...first,
      "release.yaml": first["release.yaml"]?.replace("bytes: 32", "bytes: 64") ?? "",
      "CHANGELOG.md": "New.\n",
    };
    expect(compareReleases(releaseOf(first), releaseOf(after))).toMatchObject({
      secrets: [{ name: "key", before: "generated, 32 bytes", after: "generated, 64 bytes" }],
      files: [{ name: "CHANGELOG.md", how: "added" }],
    });
  });
});
