import { type Problem, problemOf } from "@keelson/model";
import { expect, test } from "vitest";

import { toldOnce } from "./told-once.ts";

const problem = (code: string, file: string, path = ""): Problem => ({
  ...problemOf(file, { code, message: "" }),
  path,
});

test("a Compose file that is not there is told by what names it, and one that is malformed by itself", () => {
  const unnamed = problem("K1004", "releases/a/1.0.0/packages/web/package.yaml", "compose");
  const absent = problem("K1416", "releases/a/1.0.0/packages/web/docker-compose.yaml");
  const malformed = problem("K1416", "releases/a/1.0.0/packages/web-2/compose.yaml");
  const template = problem("K1004", "releases/a/1.0.0/packages/web-2/package.yaml", "files[0].template");
  expect(toldOnce([absent, unnamed, malformed, template, malformed])).toEqual([unnamed, malformed, template]);
});
