import { expect, test } from "vitest";

import { type SourceFile, decodeText } from "@keelson/model";

import { readRepository } from "./repository.ts";
import { filesOf, lines, platform } from "./test-files.ts";

function withFile(file: Pick<SourceFile, "path" | "mode">) {
  const files = new Map(filesOf(platform));
  files.set(file.path, { ...file, bytes: new TextEncoder().encode("/etc/shadow") });
  return readRepository(files);
}

const core = "releases/pryv/1.9.2/packages/core";

/** The platform with links by their targets. */
function withLinks(links: Record<string, string>, files: Record<string, string> = {}) {
  const all = new Map(filesOf({ ...platform, ...files }));
  for (const [path, target] of Object.entries(links)) {
    all.set(path, { path, mode: "120000", bytes: new TextEncoder().encode(target) });
  }
  return readRepository(all);
}

/** Path and content of what the package has below the folder. */
function textsOf({ repository }: ReturnType<typeof readRepository>, below: string) {
  const files =
    repository.releases.get("pryv@1.9.2")?.packages.get("core")?.files ?? new Map<string, SourceFile>();
  return [...files.values()]
    .filter(({ path }) => path.startsWith(`${core}/${below}`))
    .map(({ path, bytes }) => [path.slice(core.length + 1), decodeText(bytes)]);
}

test.each([
  [`${core}/config/logo.svg`, "/etc/shadow"],
  [`${core}/config/logo.svg`, "../../../../../../../../etc/shadow"],
  [`${core}/config/logo.svg`, "../../core2/logo.svg"],
  [`${core}/config/logo.svg`, "../../storage/compose.yaml"],
  [`${core}/config/logo.svg`, "../../core/../storage/compose.yaml"],
  [`${core}/config/logo.svg`, "../../../release.yaml"],
  [`${core}/config/logo.svg`, "logo.svg"],
  [`${core}/config/logo.svg`, "other"],
  [`${core}/config/logo.svg`, "../config"],
  [`${core}/config/logo.svg`, ""],
  [`${core}/config/logo.svg`, "a/".repeat(5_000)],
  [`${core}/compose.yaml`, "../../../../../../outside"],
  [`${core}/package.yaml`, "nowhere.yaml"],
  ["releases/pryv/1.9.2/settings.schema.json", "../../../README.md"],
  ["environments/lab/environment.yaml", "../../releases/pryv/1.9.2/release.yaml"],
  ["environments/lab/lock.yaml", "missing"],
  ["environments/lab/nodes/lab-1.yaml", "lab-1.yaml"],
  ["releases", "/etc"],
  ["environments/lab/notes.txt", "/etc/shadow"],
])("a link at %s to %s is refused, not read, and is one problem", (path, target) => {
  const { problems } = withLinks({ [path]: target });
  const about = path === "releases" ? problems.filter(({ file }) => file === path) : problems; // a file where a folder is
  expect(lines(about)).toEqual([
    `K1008 ${path}:1:1 a symbolic link that leads out of its folder, nowhere or in a circle`,
  ]);
});

test("a link to a file or a folder of the package is what it leads to", () => {
  const read = withLinks(
    {
      [`${core}/config/logo.svg`]: "../shared/logo.svg",
      [`${core}/config/all`]: "../shared",
      [`${core}/config/again.svg`]: "all/sub/../logo.svg",
      [`${core}/shared/sub/inner`]: "../logo.svg",
    },
    { [`${core}/shared/logo.svg`]: "<svg/>", [`${core}/shared/sub/a`]: "a" },
  );
  expect(lines(read.problems)).toEqual([]);
  expect(textsOf(read, "config/")).toEqual([
    ["config/again.svg", "<svg/>"],
    ["config/all/logo.svg", "<svg/>"],
    ["config/all/sub/a", "a"],
    ["config/all/sub/inner", "<svg/>"],
    ["config/core.yml.liquid", "domain: {{ settings.domain }}\n"],
    ["config/logo.svg", "<svg/>"],
  ]);
});

test("a document may be a link, in an environment also to another one", () => {
  const text = platform["environments/lab/environment.yaml"] ?? "";
  const linked = withLinks(
    {
      "environments/lab/environment.yaml": "../shared/lab.yml",
      [`${core}/compose.yaml`]: "compose/main.yaml",
    },
    { "environments/shared/lab.yml": text, [`${core}/compose/main.yaml`]: "services: {}\n" },
  );
  expect(linked.repository.environments.get("lab")?.environment.value.name).toBe("lab");
  expect(textsOf(linked, "compose.yaml")).toEqual([["compose.yaml", "services: {}\n"]]);
});

test("links to folders of links end", () => {
  const links: Record<string, string> = {};
  for (let level = 0; level < 40; level++) {
    for (const side of ["a", "b"]) links[`${core}/l${level}/${side}`] = `../l${level + 1}`;
  }
  const start = performance.now();
  const { problems } = withLinks(links, { [`${core}/l40/file`]: "x" });
  expect(problems.every(({ code }) => code === "K1008")).toBe(true);
  const wide: Record<string, string> = {};
  const files: Record<string, string> = {};
  for (let n = 0; n < 3_000; n++) {
    wide[`${core}/wide${n}`] = "many";
    files[`${core}/many/${n}`] = "x";
  }
  expect(withLinks(wide, files).problems.map(({ code }) => code)).toContain("K1008");
  expect(performance.now() - start).toBeLessThan(20_000);
});

test.each(["releases/pryv/2.0.0", "environments"] as const)("a submodule at %s is refused", (path) => {
  const { problems } = withFile({ mode: "160000", path });
  expect(lines(problems)).toContain(`K1008 ${path}:1:1 a submodule where only files may be`);
});

test("a file without its content is one problem, and hides no other", () => {
  const path = `${core}/config/logo.svg`;
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12345\n`;
  const storage = "releases/pryv/1.9.2/packages/storage/package.yaml";
  const broken = { [storage]: (platform[storage] ?? "").replace("7.0.1", "seven") };
  const files = new Map(filesOf({ ...platform, ...broken, [path]: pointer }));
  const other = "K1003 releases/pryv/1.9.2/packages/storage/package.yaml:2:10";
  const told = () =>
    lines(readRepository(files).problems).map((line) => line.split(" ").slice(0, 2).join(" "));
  expect(told()).toEqual([`K1320 ${path}:1:1`, other]);
  const tooLarge = { sizeBytes: 17_000_000, limitBytes: 16_777_216 };
  files.set(path, { path, mode: "100644", bytes: new Uint8Array(), tooLarge });
  expect(told()).toEqual([`K2020 ${path}:1:1`, other]);
  files.set(path, { path, mode: "100644", bytes: new TextEncoder().encode(`see ${pointer}`) });
  expect(told()).toEqual([other]);
});

test("a pipe of a work tree is one problem, and hides no other", () => {
  const path = `${core}/config/pipe`;
  const files = new Map(filesOf(platform));
  files.set(path, { path, mode: "100644", bytes: new Uint8Array(), special: true });
  files.set(`${core}/sub`, { path: `${core}/sub`, mode: "160000", bytes: new Uint8Array() });
  expect(lines(readRepository(files).problems)).toEqual([
    `K1448 ${path}:1:1 a pipe, a socket or a device where only files may be`,
    `K1008 ${core}/sub:1:1 a submodule where only files may be`,
  ]);
});

test("an executable file and a link elsewhere are none of our business", () => {
  expect(
    withFile({ mode: "100755", path: "releases/pryv/1.9.2/packages/core/config/start.sh" }).problems,
  ).toEqual([]);
  expect(withFile({ mode: "120000", path: "docs/link" }).problems).toEqual([]);
});

test.each([
  ["releases/Pryv/1.9.2/notes.txt", "`releases/pryv` and `releases/Pryv`"],
  ["releases/pryv/1.9.2/packages/core/config/LOGO.svg", "config/LOGO.svg` are"],
  ["environments/LAB/notes.md", "`environments/lab` and `environments/LAB`"],
])("%s differs from another name only by case", (path, names) => {
  const found = lines(withFile({ mode: "100644", path }).problems).filter((line) => line.startsWith("K1011"));
  expect(found).toEqual([expect.stringContaining(names)]);
  expect(found[0]).toContain("are one name on some disks");
});

test.each([
  "releases/pryv/1.9.2/a\nb.txt",
  "releases/pryv/1.9.2/../x",
  "environments/lab\\nodes",
  "releases//x",
])("the path %j is refused", (path) => {
  expect(lines(withFile({ mode: "100644", path }).problems)).toEqual([
    expect.stringMatching(/^K1011 [^]*:1:1 the file's path /),
  ]);
});

test("thousands of files in a folder hundreds deep are judged at once, and a twin of the folder is named once", () => {
  const folder = `releases/pryv/1.9.2/${"x/".repeat(480)}`;
  const files = new Map(filesOf(platform));
  const add = (path: string) => files.set(path, { path, mode: "100644", bytes: new Uint8Array() });
  for (let n = 0; n < 15_000; n++) add(`${folder}${n}`);
  const start = performance.now();
  expect(readRepository(files).problems).toEqual([]);
  for (let n = 0; n < 10; n++) add(`${folder.replace("x/", "X/")}${n}`);
  expect(lines(readRepository(files).problems)).toEqual([
    expect.stringContaining("`releases/pryv/1.9.2/x` and `releases/pryv/1.9.2/X` are one name on some disks"),
  ]);
  expect(performance.now() - start).toBeLessThan(10_000);
});
