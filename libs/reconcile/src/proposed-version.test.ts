import { type Snapshot, type SourceFile, decodeText } from "@keelson/model";
import { digestOfFiles } from "@keelson/nar";
import { expect, test } from "vitest";

import { withVersion } from "./proposed-version.ts";
import { readSnapshot } from "./read-snapshot.ts";
import { snapshotOfFiles } from "./test-snapshot.ts";

function filesOf(texts: Record<string, string>): Map<string, SourceFile> {
  return new Map(
    Object.entries(texts).map(([path, text]): [string, SourceFile] => [
      path,
      { path, mode: "100644", bytes: new TextEncoder().encode(text) },
    ]),
  );
}

const releaseOf = (name: string, version: string, packageVersion = version) => ({
  [`releases/${name}/${version}/release.yaml`]: `name: ${name}\nversion: ${version}\npackages: [web]\n`,
  [`releases/${name}/${version}/packages/web/compose.yaml`]: "services: {}\n",
  [`releases/${name}/${version}/packages/web/package.yaml`]: `name: web\nversion: ${packageVersion}\n`,
});

const files = filesOf({
  "environments/base/environment.yaml": "name: base\nreleases: { app: ^1.0.0 }\n",
  "environments/lab/environment.yaml": `name: lab
extends: base
releases: { other: ^1.0.0 }
instances:
  web: { package: app/web }
  side: { package: other/web }
`,
  "environments/lab/nodes/one.yaml": "name: one\n",
  "environments/lab/lock.yaml": `releases: { app: { version: 1.0.0 }, other: { version: 1.0.0 } }
instances: { web: { package: app/web, version: 1.0.0 }, side: { package: other/web, version: 1.0.0 } }
`,
  ...releaseOf("app", "1.0.0"),
  ...releaseOf("app", "1.1.0"),
  ...releaseOf("app", "2.0.0", "5.0.0"),
  ...releaseOf("other", "1.0.0"),
  ...releaseOf("other", "1.1.0"),
});
const snapshot = snapshotOfFiles(files);
const reference = { environment: "lab", node: "one" };

async function lockWith(name: string, version: string) {
  const digest = (await digestOfFiles(files.values(), `releases/${name}/${version}`)) ?? "";
  const changed = await withVersion(snapshot, { environment: "lab", release: { name, version, digest } });
  const { repository, problems } = await readSnapshot(changed, reference);
  return { lock: repository.environments.get("lab")?.lock?.value, problems, digest, changed };
}

const textOf = async (of: Snapshot, path: string) => {
  const file = (await of.readFiles([path])).get(path);
  return file === undefined ? "" : decodeText(file.bytes);
};

test("the lock names the version, and everything else as before", async () => {
  const { lock, problems, digest } = await lockWith("app", "1.1.0");
  expect(problems).toEqual([]);
  expect(lock).toEqual({
    releases: { app: { version: "1.1.0", digest }, other: { version: "1.0.0" } },
    instances: {
      web: { package: "app/web", version: "1.1.0" },
      side: { package: "other/web", version: "1.0.0" },
    },
  });
});

test("a version out of the range is no problem: the range is taken for another one, also of what is extended", async () => {
  const { lock, problems, changed } = await lockWith("app", "2.0.0");
  expect(problems).toEqual([]);
  expect(lock?.instances["web"]).toEqual({ package: "app/web", version: "5.0.0" });
  expect(await textOf(changed, "environments/base/environment.yaml")).toContain("2.0.0");
  // The revision itself stays as it is.
  expect(await textOf(snapshot, "environments/base/environment.yaml")).toContain("^1.0.0");
});

test("what the environment does not use changes nothing", async () => {
  const release = { name: "third", version: "1.0.0", digest: "sha256-x" };
  expect(await withVersion(snapshot, { environment: "lab", release })).toBe(snapshot);
});
