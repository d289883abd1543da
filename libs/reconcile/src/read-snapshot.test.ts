import type { Snapshot, SourceFile } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { readSnapshot } from "./read-snapshot.ts";
import { snapshotOfFiles } from "./test-snapshot.ts";

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
  return snapshotOfFiles(new Map(files));
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

describe("the digest of a release in a lock", () => {
  const release = {
    "releases/app/1.0.0/release.yaml": "name: app\nversion: 1.0.0\npackages: [web]\n",
    "releases/app/1.0.0/packages/web/compose.yaml": "services: {}\n",
    "releases/app/1.0.0/packages/web/package.yaml": "name: web\nversion: 1.0.0\n",
  };
  const latest = { "releases/app/1.0.0/packages/web/latest": "compose.yaml" };
  // What `nix hash path` prints for these files.
  const digest = "sha256-D+EuD+zXJUKLBVaTB+3mmRmODzYk/wqIjGM9YesF+jE=";
  const environment = (locked: string) => ({
    "environments/lab/environment.yaml": "name: lab\nreleases: { app: ^1.0.0 }\n",
    "environments/lab/lock.yaml": `releases:\n  app: { version: 1.0.0, digest: "${locked}" }\ninstances: {}\n`,
    "environments/lab/nodes/one.yaml": "name: one\n",
  });
  const digestFaults = async (
    locked: string,
    texts: Record<string, string>,
    links: Record<string, string> = latest,
  ) => {
    const snapshot = snapshotOf({ ...environment(locked), ...texts }, links);
    const { problems } = await readSnapshot(snapshot, { environment: "lab", node: "one" });
    return problems.map(({ code, line, column, message }) => ({ code, line, column, message }));
  };

  test("says nothing of the release that was locked", async () => {
    expect(await digestFaults(digest, release)).toEqual([]);
  });

  test.each<[string, Record<string, string>]>([
    ["another content", { "releases/app/1.0.0/packages/web/compose.yaml": "services: { }\n" }],
    ["one more file", { "releases/app/1.0.0/packages/web/README.md": "" }],
  ])("refuses it with %s, at the lock's line", async (_, change) => {
    expect(await digestFaults(digest, { ...release, ...change })).toEqual([
      {
        code: "K1446",
        line: 2,
        column: 34,
        message: expect.stringMatching(
          /^releases\/app\/1\.0\.0 is not what was locked: its digest is sha256-/,
        ),
      },
    ]);
  });

  test("must be one", async () => {
    const [fault] = await digestFaults("sha256-abc", release);
    expect(fault).toMatchObject({ code: "K1003", line: 2 });
  });

  test.each<[string, SourceFile]>([
    [
      "a file that is too large",
      {
        path: "releases/app/1.0.0/packages/web/data",
        mode: "100644",
        bytes: new Uint8Array(),
        tooLarge: { sizeBytes: 2, limitBytes: 1 },
      },
    ],
    ["a submodule", { path: "releases/app/1.0.0/packages/web/sub", mode: "160000", bytes: new Uint8Array() }],
    [
      "a pipe of a work tree",
      {
        path: "releases/app/1.0.0/packages/web/pipe",
        mode: "100644",
        bytes: new Uint8Array(),
        special: true,
      },
    ],
  ])("is not judged with %s, which is a problem already", async (_, file) => {
    const snapshot = snapshotOf({ ...environment(digest), ...release }, latest);
    const withFile = async (prefixes: readonly string[]) =>
      new Map([
        ...(await snapshot.readFiles(prefixes)),
        ...(prefixes.includes("environments/") ? [] : [[file.path, file] as const]),
      ]);
    const { problems } = await readSnapshot(
      { ...snapshot, readFiles: withFile },
      { environment: "lab", node: "one" },
    );
    expect(problems.map(({ file: path }) => path)).toEqual([file.path]);
    expect(problems.map(({ code }) => code)).not.toContain("K1446");
  });

  test("is not judged where the release is missing", async () => {
    expect((await digestFaults(digest, {}, {})).map(({ code }) => code)).not.toContain("K1446");
  });
});
