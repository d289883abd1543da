import { expect, test } from "vitest";

import { build, corePackage, problemText, render, repositoryOf, withFile, withService } from "./fixture.ts";

const bound = withService("app", {
  volumes: [{ type: "bind", source: "dash/boards", target: "/boards", read_only: true }],
});

function problemsOf(entry: string, files: readonly string[]) {
  const changes = withFile(entry, Object.fromEntries(files.map((name) => [name, name])));
  const { problems } = build(render(changes).rendered, { models: bound, repository: repositoryOf(changes) });
  return problems;
}

test("a file that is committed in a bound folder and that nothing lists is a problem with the line that lists it", () => {
  const files = [
    "dash/boards/a.json",
    "dash/boards/sub/b.json",
    "dash/boards/.gitkeep",
    "dash/boardsx/c",
    "dash/d",
  ];
  const entry = "{ from: dash/boards/a.json, to: dash/boards/a.json, onChange: none }";
  expect(problemText(problemsOf(entry, files))).toBe(
    `error[K1319] ${corePackage}/dash/boards/sub/b.json:1:1 nothing lists this file, and dash/boards is bound as a whole: containers would not get it
  hint: Add to files in core/package.yaml: - { from: "dash/boards/sub/b.json", to: "dash/boards/sub/b.json", onChange: "none" }, or list the folder: from: "dash/boards/sub/". Or move it out of the folder.
`,
  );
  const line = '{ from: "dash/boards/sub/b.json", to: "dash/boards/sub/b.json", onChange: "none" }';
  expect(problemsOf(`${entry}\n  - ${line}`, files)).toEqual([]);
  expect(problemsOf("{ from: dash/boards/, to: dash/boards, onChange: none }", files)).toEqual([]);
});

test("what a Compose file binds that has a folder of its own lies below that folder", () => {
  const manifest = "releases/sample/1.0.0/packages/core/package.yaml";
  const changes = withFile("{ from: deploy/dash/boards/a.json, to: dash/boards/a.json }", {
    "deploy/compose.yaml": "services: {}\n",
    "deploy/dash/boards/a.json": "a",
    "deploy/dash/boards/b.json": "b",
    "dash/boards/c.json": "c",
  });
  const moved = { ...changes, [manifest]: `${changes[manifest] ?? ""}compose: deploy/compose.yaml\n` };
  const { problems } = build(render(moved).rendered, { models: bound, repository: repositoryOf(moved) });
  expect(problems.filter(({ code }) => code === "K1319").map(({ file }) => file)).toEqual([
    `${corePackage}/deploy/dash/boards/b.json`,
  ]);
});

test("very many are told of by the first ones", () => {
  const files = Array.from({ length: 60 }, (_, n) => `dash/boards/${n}.json`);
  const problems = problemsOf("{ from: dash/boards/0.json, to: dash/boards/0.json }", files);
  expect(problems).toHaveLength(20);
  expect(problems.filter(({ message }) => message.includes("(39 more are like it)"))).toHaveLength(1);
});
