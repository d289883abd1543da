import {
  type AdoptableContainer,
  type DesiredNode,
  type NodeSecrets,
  type ObservedContainer,
  isJsonObject,
  variableOf,
} from "@keelson/model";
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
  const container: Partial<ObservedContainer> = { id: "c1", project: "wiki", service: "app" };
  const secrets: Partial<NodeSecrets> = {
    digestContent: () => digest,
    fillSecrets: () => Buffer.from("p$w"),
  };
  const desired: Partial<DesiredNode> = {
    instances: [{ project: "wiki", compose }] as unknown as DesiredNode["instances"],
  };
  const [found] = withHiddenSecrets([adoptable], {
    desired: desired as DesiredNode,
    engine: { containers: [container as ObservedContainer] },
    secrets: secrets as NodeSecrets,
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
