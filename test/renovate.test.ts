import { matchesGlob } from "node:path";

import { expect, test } from "vitest";

import { readPage } from "./documents/example.ts";

/** Of Renovate's manager `docker-compose`, as its page has it. What a repository says is added to it, so `includePaths` has to leave out. */
const ofManager = /(^|\/)(?:docker-)?compose[^/]*\.ya?ml$/;

interface Configuration {
  enabledManagers: string[];
  includePaths: string[];
}

test("the configuration for Renovate names local packages and the release in the making, and nothing else", async () => {
  const { blocks } = await readPage("docs/renovate.md");
  const [block, ...more] = blocks.filter(({ attributes }) => "renovate" in attributes);
  expect(more).toEqual([]);
  const { includePaths, enabledManagers }: Configuration = JSON.parse(block?.text ?? "");
  expect(enabledManagers).toEqual(["docker-compose"]);
  const isNamed = (path: string) =>
    includePaths.some((pattern) => matchesGlob(path, pattern)) && ofManager.test(path);
  const named = [
    "apps/wiki/compose.yaml",
    "apps/wiki/compose.yml",
    "apps/wiki/compose.override.yaml",
    "apps/photos/docker-compose.yml",
    "apps/photos/docker-compose.override.yml",
    "releases/shop/1.3.0-next/packages/web/compose.yaml",
    "releases/shop/1.3.0-next/packages/db/compose.yaml",
  ];
  const left = [
    "apps/wiki/images.lock.yaml",
    "apps/wiki/.env",
    "apps/wiki/config/compose.yaml",
    "compose.yaml",
    "releases/shop/1.2.0/packages/web/compose.yaml",
    "releases/shop/1.3.0/packages/web/compose.yaml",
    "releases/shop/1.3.0-rc.1/packages/web/compose.yaml",
    "releases/shop/1.3.0-next/release.yaml",
    "releases/shop/1.3.0-next/packages/web/config/compose.yaml",
    "releases/shop/1.3.0-next/packages/web/package.yaml",
    "environments/lab/compose/web.yaml",
    "environments/lab/environment.yaml",
  ];
  expect([...named, ...left].filter(isNamed)).toEqual(named);
});
