import { expect, test } from "vitest";

import { findAttributeFaults } from "./attribute-check.ts";
import { readRepository } from "./repository.ts";
import { scaffoldState } from "./scaffold.ts";
import { fileOf, filesOf, lines } from "./test-files.ts";

const scaffold = scaffoldState({ environment: "clinic-eu", node: "hosp-a" });
const files = filesOf(Object.fromEntries(scaffold));

test("a new state repository has no problem, and one of everything", () => {
  const { repository, problems } = readRepository(files);
  expect(lines(problems)).toEqual([]);
  expect([...repository.releases.keys()]).toEqual(["hello@0.1.0"]);
  expect([...repository.environments.keys()]).toEqual(["clinic-eu"]);
  expect([...(repository.environments.get("clinic-eu")?.nodes.keys() ?? [])]).toEqual(["hosp-a"]);
});

test("its attributes keep the bytes of releases", () => {
  const file = fileOf(".gitattributes", scaffold.get(".gitattributes") ?? "");
  const outer = { above: [{ file, lead: "", mayHaveMacros: true }], clone: null };
  expect(findAttributeFaults(files, outer)).toEqual([]);
  expect(findAttributeFaults(files, { ...outer, above: [] })).toHaveLength(1);
});

test("every document names its schema, which is there", () => {
  const documents = [...scaffold].filter(
    ([path]) => path.endsWith(".yaml") && !path.endsWith("compose.yaml"),
  );
  expect(documents.map(([path]) => path)).toHaveLength(5);
  for (const [path, text] of documents) {
    const schema = /^# yaml-language-server: \$schema=(.*)\n/.exec(text)?.[1] ?? "";
    const { pathname } = new URL(schema, `file:///${path}`);
    expect([...scaffold.keys()]).toContain(pathname.slice(1));
    const kind = /(\w+)\.schema\.json$/.exec(pathname)?.[1] ?? "";
    expect(path).toContain(kind);
  }
});
