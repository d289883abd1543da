import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import type { SourceFile, SourceFiles } from "@keelson/model";

import { findEnvironmentFolders } from "./locked-folders.ts";
import { readRepository } from "./repository.ts";
import { changed, fileOf, filesOf, lines, platform, problemsAfter, replace } from "./test-files.ts";

describe("a valid repository", () => {
  const { repository, problems } = readRepository(filesOf(platform));

  test("has no problems", () => {
    expect(problems).toEqual([]);
  });

  test("gives releases with their packages, files and settings schema", () => {
    const release = repository.releases.get("pryv@1.9.2");
    expect(release?.folder).toBe("releases/pryv/1.9.2");
    expect(release?.settingsSchema?.value).toHaveProperty("properties.domain.type", "string");
    expect([...(release?.packages.keys() ?? [])]).toEqual(["core", "storage"]);
    const core = release?.packages.get("core");
    expect(core?.package.value.update).toEqual({ order: "stop-first" });
    expect([...(core?.files.keys() ?? [])]).toEqual([
      "compose.yaml",
      "config/core.yml.liquid",
      "config/logo.svg",
      "package.yaml",
    ]);
  });

  test("merges an environment over what it extends, and keeps settings in their layers", () => {
    const lab = repository.environments.get("lab");
    expect(lab?.environment.file).toBe("environments/lab/environment.yaml");
    expect(lab?.environment.value.releases).toEqual({ pryv: "^1.9.0" });
    expect(Object.keys(lab?.environment.value.instances ?? {})).toEqual(["storage", "core"]);
    expect(lab?.environment.value.policy).toEqual({ requireDigests: true, allowMassRemoval: true });
    expect(lab?.layers.map(({ value }) => value.settings)).toEqual([
      { pryv: { domain: "base.example" } },
      { pryv: { domain: "lab.example" } },
    ]);
    expect(lab?.lock?.value.releases).toEqual({ pryv: { version: "1.9.2" } });
    expect([...(lab?.nodes.keys() ?? [])]).toEqual(["lab-1"]);
    expect([...(lab?.composeOverrides.keys() ?? [])]).toEqual(["core"]);
  });

  test("says where each key stands", () => {
    const lab = repository.environments.get("lab")?.environment;
    expect(lab?.positionOf("instances.core.on.role")).toEqual({ line: 5, column: 37 });
    expect(lab?.positionOf("instances.core.on.role", "value")).toEqual({ line: 5, column: 43 });
    expect(lab?.positionOf("instances.core.state")).toEqual({ line: 5, column: 3 });
    expect(lab?.lineText(5)).toBe("  core: { package: pryv/core, on: { role: core } }");
  });
});

test.each([
  ["a key that nobody knows", "zzz: 1"],
  ["a misspelt key", "rolse: [core]"],
])("%s hides no other problem of its document", (_, line) => {
  const text = problemsAfter({
    "environments/lab/nodes/lab-1.yaml": (before) =>
      `${before}\ncommands: { nobody: { renew: 1 } }\n${line}\n`,
    "releases/pryv/1.9.2/packages/core/package.yaml": (before) => `${before}\nzzz: 1\n`,
    "releases/pryv/1.9.2/packages/core/config/logo.svg": null,
  });
  expect(text).toContain(`unknown key \`${line.split(":")[0]}\``);
  expect(text).toContain("`nobody`");
  expect(text.match(/error\[K1002\]/g)).toHaveLength(2);
  expect(text).toContain("error[K1004] releases/pryv/1.9.2/packages/core/package.yaml");
});

test("all problems come at once, each at its place", () => {
  const text = problemsAfter({
    "releases/pryv/1.9.2/packages/core/config/logo.svg": null,
    "environments/lab/environment.yaml": (before) => before.replace("instances:", "instnces:"),
    "environments/lab/nodes/lab-1.yaml": replace("roles: [core, storage]", "roles: core"),
    "environments/lab/lock.yaml": "releases: {\n",
  });
  expect(text).toBe(`error[K1002] environments/lab/environment.yaml:4:1 unknown key \`instnces\`
   4 | instnces:
     | ^
  hint: did you mean \`instances\`?

error[K1001] environments/lab/lock.yaml:2:1 not YAML: flow map in block collection must be sufficiently indented and end with a }
  hint: align the line with its neighbours, and close every bracket

error[K1003] environments/lab/nodes/lab-1.yaml:2:8 \`roles\`: expected a list, found text
   2 | roles: core
     |        ^
  hint: Labels by which instances are placed on nodes.

error[K1004] releases/pryv/1.9.2/packages/core/package.yaml:9:17 there is no file \`config/logo.svg\` in this folder
   9 |   - { template: config/logo.svg, to: core/www/logo.svg, onChange: none }
     |                 ^
  hint: files here: compose.yaml, config/core.yml.liquid, package.yaml`);
});

test("a document of which too little can be read is left out, and everything else is read", () => {
  const { repository, problems } = readRepository(
    changed({
      "releases/pryv/1.9.2/packages/storage/package.yaml": replace("role: storage", "role: 5"),
      "environments/lab/nodes/lab-2.yaml": "name: [",
    }),
  );
  expect(lines(problems)).toEqual([
    "K1001 environments/lab/nodes/lab-2.yaml:1:8 not YAML: flow sequence in block collection must be sufficiently indented and end with a ]",
    "K1003 releases/pryv/1.9.2/packages/storage/package.yaml:4:7 `role`: expected text, found the number 5",
  ]);
  expect([...(repository.releases.get("pryv@1.9.2")?.packages.keys() ?? [])]).toEqual(["core"]);
  expect([...(repository.environments.get("lab")?.nodes.keys() ?? [])]).toEqual(["lab-1"]);
});

test("releases that no lock names may be missing", () => {
  const onlyLocked = filesOf(
    Object.fromEntries(Object.entries(platform).filter(([path]) => !path.startsWith("environments/base"))),
  );
  expect(lines(readRepository(onlyLocked).problems)).toEqual([
    "K1110 environments/lab/environment.yaml:2:10 there is no environment `base`",
  ]);
  const second = Object.fromEntries(
    Object.entries(platform)
      .filter(([path]) => path.startsWith("releases/"))
      .map(([path, text]) => [
        path.replace("1.9.2", "1.9.3"),
        text.replace("\nversion: 1.9.2\nagent", "\nversion: 1.9.3\nagent"),
      ]),
  );
  expect(readRepository(filesOf({ ...platform, ...second })).problems).toEqual([]);
});

describe("properties", () => {
  const paths = Object.keys(platform).filter((path) => path !== "README.md");
  const mutated = fc
    .array(
      fc.record({
        path: fc.constantFrom(...paths),
        at: fc.nat({ max: 400 }),
        removed: fc.nat({ max: 40 }),
        inserted: fc.oneof(
          fc.string({ maxLength: 8 }),
          fc.constantFrom(
            "{",
            "}",
            "[",
            ": ",
            "\n",
            "- ",
            "&a ",
            "*a",
            "!x ",
            "---\n",
            "\t",
            '"',
            "'",
            "#",
            "|\n",
          ),
        ),
      }),
      { maxLength: 4 },
    )
    .map((edits) => {
      const texts: Record<string, string> = { ...platform };
      for (const { path, at, removed, inserted } of edits) {
        const text = texts[path] ?? "";
        texts[path] = text.slice(0, at) + inserted + text.slice(at + removed);
      }
      return filesOf(texts);
    });

  test("whatever is edited, reading never throws and every problem has a place in its file", () => {
    fc.assert(
      fc.property(mutated, (files) => {
        const odd = readRepository(files).problems.filter(
          ({ line, column, message }) =>
            line < 1 || column < 1 || /invalid input|undefined|null|\[object/i.test(message),
        );
        expect(odd).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test("whatever files are removed, reading never throws", () => {
    fc.assert(
      fc.property(fc.subarray(Object.entries(platform)), (entries) => {
        expect(() => readRepository(filesOf(Object.fromEntries(entries)))).not.toThrow();
      }),
      { numRuns: 150 },
    );
  });

  test("whatever the bytes are, reading never throws", () => {
    const file = fc.tuple(fc.constantFrom(...paths), fc.oneof(fc.uint8Array(), fc.string().map(utf8)));
    fc.assert(
      fc.property(fc.array(file), (written) => {
        const files = new Map<string, SourceFile>(filesOf(platform));
        for (const [path, bytes] of written) files.set(path, fileOf(path, bytes));
        expect(() => readRepository(files)).not.toThrow();
      }),
      { numRuns: 150 },
    );
  });

  test("the order of the files changes nothing", () => {
    const some = fc.tuple(
      mutated,
      fc.array(fc.nat(), { minLength: paths.length + 1, maxLength: paths.length + 1 }),
    );
    fc.assert(
      fc.property(some, ([files, order]) => {
        const shuffled = [...files].map((entry, index) => ({ entry, key: order[index] ?? 0 }));
        shuffled.sort((a, b) => a.key - b.key);
        const other: SourceFiles = new Map(shuffled.map(({ entry }) => entry));
        expect(summaryOf(other)).toEqual(summaryOf(files));
      }),
      { numRuns: 100 },
    );
  });
});

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function summaryOf(files: SourceFiles) {
  const { repository, problems } = readRepository(files);
  const environments = [...repository.environments].map(([name, { environment, nodes }]) => ({
    name,
    value: environment.value,
    nodes: [...nodes].map(([node, { value }]) => ({ node, value })),
  }));
  return { problems, releases: [...repository.releases.keys()], environments };
}

describe("documents that are each within their limit", () => {
  const malformed = ": :\n\t@\n".repeat(20_000);
  const withNodes = (count: number, text: string) =>
    changed(
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [`environments/lab/nodes/x${n}.yaml`, text]),
      ),
    );

  test("must not be too much together: then none is read", () => {
    const start = performance.now();
    const { repository, problems } = readRepository(withNodes(400, malformed));
    expect(lines(problems)).toEqual([
      expect.stringMatching(/^K1006 environments\/lab\/nodes\/x\d+\.yaml:1:1 .* larger than 8 MiB$/),
    ]);
    expect(repository.environments.size).toBe(0);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test("may be hundreds, and other files of packages do not count", () => {
    const files = new Map(withNodes(400, "name: x\n"));
    const path = "releases/pryv/1.9.2/packages/core/www/large.bin";
    files.set(path, fileOf(path, new Uint8Array(9 * 1024 * 1024)));
    expect(lines(readRepository(files).problems).filter((line) => line.startsWith("K1006"))).toEqual([]);
  });

  test("end the chain of environments where they are too much", () => {
    const text = (n: number) => `extends: e${n + 1}\n${"# x\n".repeat(60_000)}`;
    const chain = Array.from({ length: 60 }, (_, n) => [`environments/e${n}/environment.yaml`, text(n)]);
    expect(findEnvironmentFolders(filesOf(Object.fromEntries(chain)), "e0").length).toBeLessThan(40);
  });
});
