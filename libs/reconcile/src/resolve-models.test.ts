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
  composeFile: "compose.yaml",
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
  requireDigests: false,
  instances: [
    {
      name: "core",
      project: "lab-core",
      volumeProject: "lab-core",
      package: { release: "a", name: "core", version: "1.0.0", folder: compose.folder },
      state: "running",
      after: [],
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
    resolveCompose: async () => {
      asked++;
      return Promise.resolve({ model, problems: [] });
    },
    record: {
      readState: () => emptyRecord,
      readComposeModel: (digest: string) => known.get(digest) ?? null,
      saveComposeModel: (digest: string, each: ComposeModel) => void known.set(digest, each),
    },
  };
  return { asked: () => asked, resolve: async () => resolveModels(rendered, ports) };
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
