import { expect, test } from "vitest";

import { openWorkLog } from "./work-log.ts";

test("what is at work is told, and what ended since somebody asked last", () => {
  const work = openWorkLog();
  expect(work.read(0)).toEqual({ trigger: null, doing: [], ended: [], seq: 0 });
  work.begin("commit 01234567");
  work.note({ id: "#1", state: "begun", text: "pull a" });
  work.note({ id: "#2", state: "begun", text: "pull b" });
  work.note({ id: "#1", state: "done", text: "pull a" });
  work.note({ id: "#3", state: "skipped", text: "start c: pull b failed" });
  expect(work.read(0)).toEqual({
    trigger: "commit 01234567",
    doing: ["pull b"],
    ended: [
      { state: "done", text: "pull a" },
      { state: "skipped", text: "start c: pull b failed" },
    ],
    seq: 2,
  });
  expect(work.read(1).ended).toEqual([{ state: "skipped", text: "start c: pull b failed" }]);
  work.end();
  // Whoever asked before the end learns of the end, and of nothing that is at work.
  expect(work.read(1)).toMatchObject({ trigger: null, doing: [], ended: [{ state: "skipped" }] });
  expect(work.read(2).ended).toEqual([]);
  expect(work.read(99).ended).toEqual([]);
});

test("a long history keeps its end", () => {
  const work = openWorkLog();
  for (let count = 1; count <= 500; count++) work.note({ id: "#1", state: "done", text: `${count}` });
  const { ended, seq } = work.read(0);
  expect([ended.length, ended.at(-1)?.text, seq]).toEqual([200, "500", 500]);
});
