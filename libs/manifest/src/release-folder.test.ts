import { describe, expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { changed, lines, platform, problemsAfter, replace } from "./test-files.ts";

const release = "releases/pryv/1.9.2";
const core = `${release}/packages/core/package.yaml`;

function problemsOf(change: Parameters<typeof changed>[0]): string[] {
  return lines(readRepository(changed(change)).problems).map((line) => line.replaceAll(`${release}/`, ""));
}

describe("release.yaml", () => {
  test("must have the name and version of its folder", () => {
    const edit = (text: string) => text.replace("name: pryv", "name: prvy").replace("1.9.2", "1.9.1");
    expect(problemsOf({ [`${release}/release.yaml`]: edit })).toEqual([
      "K1009 release.yaml:1:7 the name is `prvy`, the folder says `pryv`",
      "K1009 release.yaml:2:10 the version is `1.9.1`, the folder says `1.9.2`",
    ]);
  });

  test("must be there", () => {
    expect(problemsOf({ [`${release}/release.yaml`]: null })).toEqual([
      "K1004 release.yaml:1:1 the release has no release.yaml",
    ]);
  });

  test("lists every package folder once, and no other", () => {
    const edit = replace("[core, storage]", "[core, core, stroage]");
    expect(problemsAfter({ [`${release}/release.yaml`]: edit })).toContain(
      `error[K1004] ${release}/release.yaml:4:24 there is no packages/stroage/package.yaml
   4 | packages: [core, core, stroage]
     |                        ^
  hint: did you mean \`storage\`?`,
    );
    expect(problemsOf({ [`${release}/release.yaml`]: edit })).toEqual([
      "K1010 release.yaml:4:1 the folder packages/storage is not listed",
      "K1005 release.yaml:4:18 `core` is listed twice",
      "K1004 release.yaml:4:24 there is no packages/stroage/package.yaml",
    ]);
  });

  test("takes a version range for the agent", () => {
    expect(problemsOf({ [`${release}/release.yaml`]: replace(">=0.1 <2", "newest") })).toEqual([
      "K1003 release.yaml:3:8 `newest` is not a version range",
    ]);
  });

  test("has a folder named like a name and a version", () => {
    const moved = Object.fromEntries(
      Object.keys(platform)
        .filter((path) => path.startsWith(release))
        .map((path) => [path.replace("pryv/1.9.2", "Pryv_io/latest"), platform[path] ?? ""]),
    );
    expect(problemsOf(moved)).toEqual([
      "K1007 releases/Pryv_io/latest:1:1 `Pryv_io` is not a valid name for a release",
      "K1007 releases/Pryv_io/latest:1:1 `latest` is not a semantic version",
      "K1009 releases/Pryv_io/latest/release.yaml:1:7 the name is `pryv`, the folder says `Pryv_io`",
      "K1009 releases/Pryv_io/latest/release.yaml:2:10 the version is `1.9.2`, the folder says `latest`",
    ]);
  });
});

describe("the settings schema", () => {
  const schema = `${release}/settings.schema.json`;

  test.each([
    [null, "K1004 release.yaml:5:11 there is no file `settings.schema.json` in this folder"],
    ["{", "K1001 settings.schema.json:1:2 not JSON: expected a key in double quotes or }"],
    ["[]", "K1003 settings.schema.json:1:1 expected a map, found a list"],
    [`{ "type": "object", "type": "array" }`, "K1005 settings.schema.json:1:21 `type` is there twice"],
  ])("%s is refused", (text, problem) => {
    expect(problemsOf({ [schema]: text })).toEqual([problem]);
  });

  test("may be YAML, and stays in the folder", () => {
    const yaml = replace("settings.schema.json", "settings.schema.yaml");
    const change = {
      [`${release}/release.yaml`]: yaml,
      [schema]: null,
      [`${release}/settings.schema.yaml`]: "type: object\n",
    };
    expect(problemsOf(change)).toEqual([]);
    const outside = replace("settings.schema.json", "../1.9.1/settings.schema.json");
    expect(problemsOf({ [`${release}/release.yaml`]: outside })).toEqual([
      "K1011 release.yaml:5:11 `../1.9.1/settings.schema.json` has a part that begins with `..`",
    ]);
  });
});

describe("package.yaml", () => {
  test("must have the name of its folder", () => {
    expect(problemsOf({ [core]: replace("name: core", "name: kore") })).toEqual([
      "K1009 packages/core/package.yaml:1:7 the package is called `kore`, its folder `core`",
    ]);
  });

  test("names files that are there", () => {
    expect(problemsOf({ [`${release}/packages/core/compose.yaml`]: null })).toEqual([
      "K1004 packages/core/package.yaml:1:1 there is no file `compose.yaml` in this folder",
    ]);
    expect(problemsOf({ [core]: replace("config/core.yml.liquid", "config/core.yml") })).toEqual([
      "K1004 packages/core/package.yaml:8:17 there is no file `config/core.yml` in this folder",
    ]);
  });

  test.each([
    ["requires", '"^6.0 || ^7.0"', "6 and 7", "4:22"],
    ["data", '">=6 <8"', "six", "5:41"],
  ])("takes version ranges in %s", (_, before, after, place) => {
    const path = before.includes("6.0") ? core : core.replace("core/package", "storage/package");
    expect(problemsOf({ [path]: replace(before, after) })).toEqual([
      expect.stringMatching(
        new RegExp(`^K1003 packages/\\w+/package.yaml:${place} \`${after}\` is not a version range`),
      ),
    ]);
  });

  test.each([
    ["/etc/passwd", "is absolute; it must be relative"],
    ["../core.yml", "has a part that begins with `..`"],
    ["conf/../core.yml", "has a part that begins with `..`"],
    ["conf/..data/core.yml", "has a part that begins with `..`"],
    ["./conf/core.yml", "is not in its shortest form (`.` or an empty part)"],
    ["conf//core.yml", "is not in its shortest form (`.` or an empty part)"],
    ["conf/", "is not in its shortest form (`.` or an empty part)"],
    ["conf\\core.yml", "has a backslash; folders are separated by /"],
    ["a".repeat(256), "has a name of over 255 bytes"],
    [`${"a/".repeat(500)}b`, "has over 1000 bytes"],
    ["core/www/logo.svg", "is placed twice"],
    ["core/WWW/Logo.svg", "are one name on some disks"],
    ["core/www", "is also the folder of"],
    ["core/www/logo.svg/x", "lies in `core/www/logo.svg`, which is a file"],
  ])("refuses %s as a place for a file", (to, message) => {
    const text = platform[core] ?? "";
    const [first = "", second = ""] = text.split("\n").slice(7);
    const lastFirst = text.replace(
      `${first}\n${second}`,
      `${second}\n${first.replace("core/conf/core.yml", to)}`,
    );
    const [problem, ...others] = problemsOf({ [core]: lastFirst });
    expect(others).toEqual([]);
    expect(problem).toMatch(/^K1011 packages\/core\/package\.yaml:9:45 /);
    expect(problem).toContain(message);
  });

  test("refuses places that differ in the form of their letters, and control characters", () => {
    const forms = replace("core/conf/core.yml", "core/www/caf\u00e9").call(null, platform[core] ?? "");
    const both = forms.replace("core/www/logo.svg", "core/www/cafe\u0301");
    expect(problemsOf({ [core]: both })).toEqual([expect.stringContaining("are one name on some disks")]);
    const control = (text: string) => text.replace("core/conf/core.yml", '"core/\\u0007.yml"');
    expect(problemsOf({ [core]: control })).toEqual([expect.stringContaining("has a control character")]);
  });
});

describe("files that nothing reads", () => {
  test.each([
    [`${release}/release.yml`, "did you mean `release.yaml`?"],
    [`${release}/images.lock.yml`, "did you mean `images.lock.yaml`?"],
    [`${release}/package/mail/package.yaml`, "did you mean `packages/mail/package.yaml`?"],
    [`${release}/packages/core/package.yml`, "did you mean"],
    [`${release}/notes.yaml`, "a release has release.yaml"],
    ["releases/pryv/release.yaml", "releases/<name>/<version>/release.yaml"],
    ["releases/pryv.yaml", "a release is a folder"],
    ["releases", "it must be a folder"],
  ])("%s is a problem with a suggestion", (path, hint) => {
    const { problems } = readRepository(changed({ [path]: "name: x\n" }));
    expect(problems.map(({ code, file }) => `${code} ${file}`)).toEqual([`K1010 ${path}`]);
    expect(problems[0]?.hint).toContain(hint);
  });

  test.each([
    `${release}/README.md`,
    `${release}/migrations/1.9.0-to-1.9.2.yaml`,
    `${release}/packages/core/config/x.yml`,
    `${release}/packages/core/config/package.yaml`,
    "releases/README.md",
  ])("%s is none", (path) => {
    expect(problemsOf({ [path]: "x\n" })).toEqual([]);
  });
});
