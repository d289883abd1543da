import { readdirSync, readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { jsonSchemas } from "./json-schemas.ts";

const folder = new URL("../../../schemas/", import.meta.url);

test("the committed JSON Schemas are those of the documents (node script/generate.ts)", () => {
  const committed = readdirSync(folder).filter((name) => name.endsWith(".schema.json"));
  expect(committed.sort()).toEqual([...jsonSchemas().keys()].sort());
  for (const [name, text] of jsonSchemas()) expect(readFileSync(new URL(name, folder), "utf8")).toBe(text);
});

test("an editor is told what a key means and that others are unknown", () => {
  const schema = JSON.parse(jsonSchemas().get("environment.schema.json") ?? "{}");
  expect(schema).toMatchObject({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Keelson environment",
    required: ["name"],
    additionalProperties: false,
    properties: { extends: { description: "Another environment, merged under this one." } },
  });
  expect(schema).not.toHaveProperty("$id");
});
