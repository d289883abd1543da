import {
  type ComposeInput,
  type ComposeModel,
  type RenderedNode,
  digestValue,
  emptyRecord,
} from "@keelson/model";
import { expect, it } from "vitest";

import { resolveModels } from "./resolve-models.ts";

const model: ComposeModel = {
  name: "lab-core",
  services: {},
  networks: {},
  volumes: {},
  secrets: {},
  configs: {},
};
const compose: ComposeInput = {
  project: "lab-core",
  folder: "releases/a/1.0.0/packages/core",
  composeFiles: ["compose.yaml"],
  reach: "package",
  dotenv: null,
  profiles: [],
  images: [],
  allow: {},
  packageFiles: [],
  override: null,
  variables: {},
  boundPaths: [],
  renderedFiles: new Map(),
};

const rendered: RenderedNode = {
  environment: "lab",
  node: "n1",
  lockDigest: "",
  networks: {},
  requireDigests: false,
  isWhole: true,
  instances: [
    {
      name: "core",
      project: "lab-core",
      volumeProject: "lab-core",
      package: { reference: "a/core", version: "1.0.0", folder: compose.folder },
      state: "running",
      after: [],
      scale: {},
      data: {},
      services: {},
      update: { order: "stop-first" },
      compose,
      files: [],
    },
  ],
};

/** A node with what its record remembers, and how often Compose was asked. */
function newNode(known: Map<string, ComposeModel>) {
  let asked = 0;
  const ports = {
    gateCompose: () => [],
    resolveCompose: async () => {
      asked++;
      return Promise.resolve({ model, problems: [], warnings: [] });
    },
    record: {
      readState: () => emptyRecord,
      readComposeModel: (digest: string) => known.get(digest) ?? null,
      saveComposeModel: (digest: string, each: ComposeModel) => void known.set(digest, each),
    },
  };
  return {
    ports,
    asked: () => asked,
    resolve: async () => resolveModels({ rendered, unrendered: [], problems: [] }, ports),
  };
}

it("asks Compose once for the same input", async () => {
  const known = new Map<string, ComposeModel>();
  const node = newNode(known);
  await node.resolve();
  await node.resolve();
  expect([node.asked(), known.size]).toEqual([1, 1]);
});

it("does not believe what the gate of an earlier version let through", async () => {
  const before = digestValue({ ...compose, packageFiles: [], override: null, renderedFiles: [] });
  const node = newNode(new Map([[before, { ...model, name: "judged-by-fewer-rules" }]]));
  const { models } = await node.resolve();
  expect([node.asked(), models.get("core")?.name]).toEqual([1, "lab-core"]);
});

const problem = { code: "K1302", file: "f", line: 1, column: 1, path: "", message: "m" };

it("judges what could not be rendered by the gate, and keeps the problems so far", async () => {
  const judged: ComposeInput[] = [];
  const node = newNode(new Map());
  const { models, problems } = await resolveModels(
    { rendered, unrendered: [compose], problems: [problem] },
    {
      ...node.ports,
      gateCompose: (input) => {
        judged.push(input);
        return [{ ...problem, code: "K1401" }];
      },
    },
  );
  expect(judged).toEqual([compose]);
  expect(problems.map(({ code }) => code)).toEqual(["K1302", "K1401"]);
  expect([...models.keys()]).toEqual(["core"]);
});

it("throws what Compose throws, and not where that would hide a problem", async () => {
  const away = new Error("no Compose");
  const ports = { ...newNode(new Map()).ports, resolveCompose: async () => Promise.reject(away) };
  await expect(resolveModels({ rendered, unrendered: [], problems: [] }, ports)).rejects.toBe(away);
  expect(await resolveModels({ rendered, unrendered: [], problems: [problem] }, ports)).toEqual({
    models: new Map(),
    problems: [problem],
    warnings: [],
  });
  const gateCompose = () => [problem];
  expect(
    await resolveModels({ rendered, unrendered: [compose], problems: [] }, { ...ports, gateCompose }),
  ).toEqual({ models: new Map(), problems: [problem], warnings: [] });
});
