import { Readable } from "node:stream";

import { expect, test } from "vitest";

import { type PullLine, createPullProgress, readPullLines } from "./pull-progress.ts";

test("lines are put together from chunks that end anywhere", async () => {
  const text = '{"id":"a","status":"Dö"}\r\nno json\n\n{"error":"x"}';
  const bytes = Buffer.from(text);
  for (const size of [1, 7, 1000]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    const lines: PullLine[] = [];
    for await (const line of readPullLines(Readable.from(chunks))) lines.push(line);
    expect(lines).toEqual([{ id: "a", status: "Dö" }, { error: "x" }]);
  }
});

test("bytes of all layers are added up, unpacking counts nothing", () => {
  const reports: [number, number][] = [];
  const progress = createPullProgress((done, total) => reports.push([done, total]));
  progress.add({ status: "Pulling from x" });
  progress.add({ id: "known", status: "Already exists" });
  progress.add({ id: "a", status: "Downloading", progressDetail: { current: 10, total: 100 } });
  progress.add({ id: "b", status: "Downloading", progressDetail: { current: 50, total: 50 } });
  progress.add({ id: "a", status: "Download complete" });
  progress.add({ id: "a", status: "Extracting", progressDetail: { current: 1, total: 100 } });
  expect(reports.at(0)).toEqual([10, 100]);
  expect(reports.at(-1)).toEqual([150, 150]);
});
