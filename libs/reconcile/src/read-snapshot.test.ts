import type { Snapshot, SourceFile } from "@keelson/model";
import { expect, test } from "vitest";

import { readSnapshot } from "./read-snapshot.ts";

function snapshotOf(texts: Record<string, string>, links: Record<string, string>): Snapshot {
  const entry =
    (mode: SourceFile["mode"]) =>
    ([path, text]: [string, string]): [string, SourceFile] => [
      path,
      { path, mode, bytes: new TextEncoder().encode(text) },
    ];
  const files = [
    ...Object.entries(texts).map(entry("100644")),
    ...Object.entries(links).map(entry("120000")),
  ];
  return {
    commit: "1",
    ref: "refs/heads/main",
    subject: "",
    author: "",
    committedAt: null,
    readFiles: async (prefixes) =>
      Promise.resolve(new Map(files.filter(([path]) => prefixes.some((prefix) => path.startsWith(prefix))))),
  };
}

test("a schedule that is none is a problem of its line", async () => {
  const snapshot = snapshotOf(
    {
      "environments/lab/environment.yaml": "name: lab\n",
      "environments/lab/lock.yaml": "releases: { app: { version: 1.0.0 } }\ninstances: {}\n",
      "releases/app/1.0.0/release.yaml": "name: app\nversion: 1.0.0\npackages: [web]\n",
      "releases/app/1.0.0/packages/web/compose.yaml": "services: {}\n",
      "releases/app/1.0.0/packages/web/package.yaml": `name: web
version: 1.0.0
services:
  good: { schedule: "0 3 * * *", timeZone: Europe/Zurich }
  never: { schedule: "0 0 31 2 *" }
  lost:
    schedule: "0 3 * * *"
    timeZone: Europe/Atlantis
`,
    },
    {},
  );
  const { problems } = await readSnapshot(snapshot, { environment: "lab", node: "one" });
  expect(
    problems
      .filter(({ code }) => code === "K1440")
      .map(({ line, path, message }) => ({ line, path, message })),
  ).toEqual([
    {
      line: 5,
      path: "services.never.schedule",
      message: "`0 0 31 2 *` is no schedule: none of its days ever comes",
    },
    {
      line: 8,
      path: "services.lost.timeZone",
      message: "`Europe/Atlantis` is no time zone: it is not known",
    },
  ]);
});

test("a node reads what a link of its environment leads to, also in one that it does not extend", async () => {
  const snapshot = snapshotOf(
    {
      "environments/lab/environment.yaml": "name: lab\n",
      "environments/lab/lock.yaml": "releases: {}\ninstances: {}\n",
      "environments/other/environment.yaml": "name: broken\n",
      "environments/other/nodes/one.yaml": "name: one\nroles: [shared]\n",
    },
    {
      "environments/lab/nodes/one.yaml": "../../other/nodes/one.yaml",
      "environments/other/nodes/out.yaml": "/etc/passwd",
    },
  );
  const { repository, problems } = await readSnapshot(snapshot, { environment: "lab", node: "one" });
  expect(problems).toEqual([]);
  expect(repository.environments.get("lab")?.nodes.get("one")?.value.roles).toEqual(["shared"]);
});
