import { expect, test } from "vitest";

import { jsonSecretPlaceholder, secretPlaceholder } from "./secret-placeholder.ts";
import {
  findSecretEnvironment,
  findSecretVariables,
  variableOf,
  withPlaceholders,
  withSecretVariables,
} from "./secret-variable.ts";

const modelOf = (environment: Record<string, string | null>) => ({
  name: "lab-core",
  services: { app: { image: "app:1", environment }, other: { image: "app:1" } },
  networks: {},
  volumes: {},
  secrets: {},
  configs: {},
});

test("a placeholder in an environment becomes a variable that must have a value", () => {
  const url = `postgres://u:${secretPlaceholder("pryv.dbPassword")}@db/$$x`;
  const { services } = withSecretVariables(modelOf({ URL: url, PLAIN: "$$a", NONE: null }));
  expect(services["app"]?.environment).toEqual({
    URL: "postgres://u:${KEELSON_SECRET_pryv__dbPassword?}@db/$$x",
    PLAIN: "$$a",
    NONE: null,
  });
});

test("the secrets of an environment are found with the variables that carry them", () => {
  const both = secretPlaceholder("pryv.a") + jsonSecretPlaceholder("pryv.b") + secretPlaceholder("pryv.a");
  expect(findSecretEnvironment(modelOf({ BOTH: both, PLAIN: "x", NONE: null }))).toEqual([
    { service: "app", variable: "BOTH", value: both, secrets: ["pryv.a", "pryv.b"] },
  ]);
});

test.each([
  "pryv.dbPassword",
  "a-b.c",
  "a--b.c",
  "a-b--c.x1",
  "wiki.DB_PASSWORD",
  "wiki._x_",
  "wiki.a_j",
  "wiki.__j",
  "wiki.j",
  "apps/my wiki/.env:DB__PASS_j",
  "apps/é😀/x.env:_",
])("the placeholder of %s is found again from its variable", (name) => {
  const text = `"\${${variableOf(name)}?}" "\${${variableOf(name, true)}?}"`;
  expect([...findSecretVariables(text)]).toEqual([
    [variableOf(name), secretPlaceholder(name)],
    [variableOf(name, true), jsonSecretPlaceholder(name)],
  ]);
  expect(variableOf(name)).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
});

test("what is no variable for Compose stands for no secret", () => {
  expect(findSecretVariables("$${KEELSON_SECRET_a__b?} ${KEELSON_SECRET_a__b} ${OTHER?}").size).toBe(0);
  expect(findSecretVariables("$$${KEELSON_SECRET_a__b?}").size).toBe(1);
});

test("a value of a Compose file has its placeholders again, and its dollar signs once", () => {
  const value = `$${jsonSecretPlaceholder("pryv.a-b_c")}$x${secretPlaceholder("pryv.d")}`;
  const escaped = value.replaceAll("$", "$$$$");
  const { environment } = withSecretVariables(modelOf({ V: escaped })).services["app"] ?? {};
  expect(withPlaceholders(environment?.["V"] ?? "")).toBe(value);
});
