import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { makeGitRepository, outputOf } from "@keelson/test/support";

import { findAttributeFaults } from "./attribute-check.ts";
import { fileOf, filesOf } from "./test-files.ts";

const app = "releases/app/1.0.0";

/** What each attribute would change. */
const release: Readonly<Record<string, string>> = {
  [`${app}/release.yaml`]: "name: app\n",
  [`${app}/packages/web/crlf.txt`]: "one\r\ntwo\r\n",
  [`${app}/packages/web/mixed.txt`]: "one\r\ntwo\n",
  [`${app}/packages/web/words.txt`]: "$Id$ $Format:%H$\n",
};

const state = fc.constantFrom(
  ..."text -text !text text=auto eol=crlf eol=lf crlf -crlf binary ident -ident filter=shout -filter".split(
    " ",
  ),
  ..."export-subst -export-subst export-ignore !export-ignore working-tree-encoding=UTF-16 -working-tree-encoding".split(
    " ",
  ),
);
const safe = fc.constantFrom(
  "* -text",
  "releases/** -text",
  "* binary",
  "*.txt -text -ident",
  "[attr]m -text\n* m",
);
const pattern = fc.constantFrom(
  "*",
  "*.txt",
  "releases/**",
  "/packages/**",
  "web/*.txt",
  "web",
  "release.yaml",
  "docs/*",
);
const line = fc.oneof(
  safe,
  fc
    .tuple(pattern, fc.array(state, { minLength: 1, maxLength: 3 }))
    .map(([path, states]) => [path, ...states].join(" ")),
);
const text = fc.array(line, { maxLength: 3 }).map((lines) => lines.join("\n"));

test("where no fault is found, a checkout and an archive have the bytes of the commit on any machine", async () => {
  await using repository = await makeGitRepository();
  const root = repository.path;
  await repository.git("config", "core.autocrlf", "true");
  await repository.git("config", "filter.shout.smudge", "tr a-z A-Z");
  await repository.commit({ files: { ".gitattributes": "* -text\n", ...release } });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(text, text, text, async (top, above, inner) => {
      const attributes = { "releases/.gitattributes": above, [`${app}/.gitattributes`]: inner };
      const outer = { file: fileOf(".gitattributes", top), lead: "", mayHaveMacros: true };
      const faults = findAttributeFaults(filesOf({ ...release, ...attributes }), {
        above: [outer],
        clone: null,
      });
      if (faults.length > 0) return;
      compared++;
      const written = { ".gitattributes": top, ...attributes };
      for (const [path, content] of Object.entries(written)) await writeFile(join(root, path), content);
      await repository.git("add", "--", ...Object.keys(written));
      await rm(join(root, "out"), { recursive: true, force: true });
      await repository.git("checkout-index", "--all", "--force", "--prefix=out/checkout/");
      const tree = await repository.git("write-tree");
      await repository.git("archive", "--prefix=archive/", "--output=out/archive.tar", tree);
      await outputOf(["tar", "-C", join(root, "out"), "-xf", join(root, "out/archive.tar")]);
      for (const [path, content] of Object.entries(release)) {
        for (const copy of ["checkout", "archive"])
          expect([copy, path, await readFile(join(root, "out", copy, path), "utf8")]).toEqual([
            copy,
            path,
            content,
          ]);
      }
    }),
    { numRuns: 250 },
  );
  expect(compared).toBeGreaterThan(10);
});

test.each([
  ["without a line", "", "checkout", `${app}/release.yaml`],
  ["with text", "* text", "checkout", `${app}/release.yaml`],
  ["with ident", "* -text ident", "checkout", `${app}/packages/web/words.txt`],
  ["with a filter", "* -text filter=shout", "checkout", `${app}/release.yaml`],
  ["with an encoding", "releases/** -text working-tree-encoding=UTF-16", "checkout", `${app}/release.yaml`],
  ["with export-subst", "* -text export-subst", "archive", `${app}/packages/web/words.txt`],
  [
    "with a folder that is left out",
    "* -text\nweb export-ignore",
    "archive",
    `${app}/packages/web/words.txt`,
  ],
])("%s a file has other bytes, and a fault is found", async (_, top, copy, path) => {
  await using repository = await makeGitRepository();
  const root = repository.path;
  await repository.git("config", "core.autocrlf", "true");
  await repository.git("config", "filter.shout.smudge", "tr a-z A-Z");
  await repository.commit({ files: { ".gitattributes": "* -text\n", ...release } });
  await writeFile(join(root, ".gitattributes"), top);
  await repository.git("add", ".gitattributes");
  await repository.git("commit", "--quiet", "--message", "other attributes");
  await repository.git("checkout-index", "--all", "--prefix=out/checkout/");
  await repository.git("archive", "--prefix=archive/", "--output=out/archive.tar", "HEAD");
  await outputOf(["tar", "-C", join(root, "out"), "-xf", join(root, "out/archive.tar")]);
  const found = await readFile(join(root, "out", copy, path), "utf8").catch(() => null);
  expect(found).not.toBe(release[path]);
  const outer = { file: fileOf(".gitattributes", top), lead: "", mayHaveMacros: true };
  expect(findAttributeFaults(filesOf(release), { above: [outer], clone: null })).toHaveLength(1);
});
