import { readFile } from "node:fs/promises";

import { isJsonObject } from "@keelson/model";
import { expect, it } from "vitest";

import { findText, relativePaths } from "./model-paths.ts";
import { normalModel } from "./normal-model.ts";

/**
 * What `config --format json` prints of one project in /keelson-compose/project, recorded of 2.40.3 and of 5.5.0. In 5,
 * `label_file` stays, with absolute paths, beside the labels that were read from it, and what is the default of a bind is left out.
 */
async function readOutput(version: "2.40" | "5") {
  const url = new URL(`fixtures/compose-${version}.json`, import.meta.url);
  const output: unknown = JSON.parse(await readFile(url, "utf8"));
  if (!isJsonObject(output)) throw new Error("no model");
  return output;
}

it("must make the same model of what Compose 2.40 and Compose 5 print, without a path of the machine", async () => {
  const folders = { project: "/keelson-compose/project", repository: "/keelson-compose/project" };
  const [before, after] = (await Promise.all([readOutput("2.40"), readOutput("5")])).map((output) =>
    normalModel(relativePaths(output, folders)),
  );
  expect(after).toEqual(before);
  expect(after).toMatchObject({ services: { web: { labels: { own: "1", team: "a", tier: "front" } } } });
  expect([...findText("/keelson-compose", { value: after ?? null })]).toEqual([]);
});
