import { type AdoptableContainer, isJsonObject, variableOf } from "@keelson/model";
import { expect, test } from "vitest";

import { withHiddenSecrets } from "./hidden-secret.ts";

const variable = `\${${variableOf("wiki.password")}?}`;
const url = `postgres://u:${variable}@db/$$x`;
const service = { image: "wiki", environment: { URL: url, PASSWORD: variable, PLAIN: "$$1", NONE: null } };
const compose = {
  name: "wiki",
  services: { app: service },
  networks: {},
  volumes: {},
  secrets: {},
  configs: {},
};

function entriesAfter(env: string[], digest = "keyed"): unknown {
  const adoptable: AdoptableContainer = {
    id: "c1",
    inspected: { Id: "c1", Config: { Env: env, User: "u" } },
    image: null,
    fingerprint: "f",
  };
  const [found] = withHiddenSecrets([adoptable], {
    desired: { instances: [{ project: "wiki", compose }] },
    engine: { containers: [{ id: "c1", project: "wiki", service: "app" }] },
    secrets: { digestContent: () => digest, fillSecrets: () => Buffer.from("p$w") },
  });
  const { inspected } = found ?? {};
  return isJsonObject(inspected) && isJsonObject(inspected["Config"]) ? inspected["Config"]["Env"] : null;
}

test("a container's own value of a secret is what its service asks for, and another one is not", () => {
  expect(entriesAfter(["URL=postgres://u:p$w@db/$x", "PASSWORD=other", "PLAIN=$1", "NONE=p$w"])).toEqual([
    `URL=postgres://u:${variable}@db/$x`,
    "PASSWORD=other",
    "PLAIN=$1",
    "NONE=p$w",
  ]);
});

test("a value that nobody knows here equals nothing", () => {
  expect(entriesAfter(["PASSWORD=p$w"], "unknown:x")).toEqual(["PASSWORD=p$w"]);
});
