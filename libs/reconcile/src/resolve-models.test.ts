import { availableParallelism } from "node:os";

import {
  type ComposeInput,
  type ComposeModel,
  type RenderedNode,
  type SourceFile,
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
  profilePlaces: {},
  images: [],
  allow: {},
  packageFiles: [],
  override: null,
  variables: {},
  settings: [],
  boundPaths: [],
  renderedFiles: new Map(),
};

const rendered: RenderedNode = {
  environment: "lab",
  node: "n1",
  lockDigest: "",
  networks: {},
  requireDigests: false,
  partial: false,
  places: [{ name: "core", project: "lab-core", isElsewhere: false }],
  instances: [
    {
      name: "core",
      isWhole: true,
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
    resolve: async () => resolveModels({ rendered, unrendered: [] }, ports),
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

it("asks Compose anew when .env, a published image or a profile changes, and not for the place of an image", async () => {
  const place = { file: "environments/lab/environment.yaml", line: 4, column: 3, path: "images" };
  const image = { service: "web", image: "web:1", place };
  const dotenv = { path: "apps/a/.env", mode: "100644", bytes: new TextEncoder().encode("A=1") } as const;
  const changes: Partial<ComposeInput>[] = [
    {},
    { dotenv },
    { dotenv: { ...dotenv, bytes: new TextEncoder().encode("A=2") } },
    { profiles: ["dev"] },
    { images: [image] },
    { images: [{ ...image, image: "web:2" }] },
  ];
  const node = newNode(new Map());
  const resolve = async (change: Partial<ComposeInput>) =>
    resolveModels({ rendered: nodeOf([{ ...compose, ...change }]), unrendered: [] }, node.ports);
  for (const change of changes) await resolve(change);
  expect(node.asked()).toBe(changes.length);
  await resolve({ images: [{ ...image, place: { ...place, line: 5 } }] });
  expect(node.asked()).toBe(changes.length);
});

it("runs as many Composes at a time as there are cores", async () => {
  const count = availableParallelism() * 3;
  const inputs = Array.from({ length: count }, (_, index) => ({ ...compose, project: `lab-${index}` }));
  let running = 0;
  const seen: number[] = [];
  const resolveCompose = async () => {
    seen.push(++running);
    await new Promise(setImmediate);
    running--;
    return { model, problems: [], warnings: [] };
  };
  const ports = { ...newNode(new Map()).ports, resolveCompose };
  await resolveModels({ rendered: nodeOf(inputs), unrendered: [] }, ports);
  expect([seen.length, Math.max(...seen)]).toEqual([count, availableParallelism()]);
});

function nodeOf(inputs: readonly ComposeInput[]): RenderedNode {
  const [instance] = rendered.instances;
  if (instance === undefined) throw new Error("no instance");
  return {
    ...rendered,
    instances: inputs.map((input, index) => ({ ...instance, name: `i${index}`, compose: input })),
  };
}

const problem = { code: "K1302", file: "f", line: 1, column: 1, path: "", message: "m" };

it("judges what could not be rendered, and what Compose could not read whole, by the gate", async () => {
  const judged: ComposeInput[] = [];
  const node = newNode(new Map());
  const large: SourceFile = {
    path: "releases/a/1.0.0/packages/core/large",
    mode: "100644",
    bytes: new Uint8Array(),
    refused: true,
  };
  const unreadable = { ...compose, packageFiles: [large] };
  const [core] = rendered.instances;
  if (core === undefined) throw new Error("no instance");
  const { models, problems } = await resolveModels(
    {
      rendered: { ...rendered, instances: [core, { ...core, name: "large", compose: unreadable }] },
      unrendered: [{ name: "other", compose }],
    },
    {
      ...node.ports,
      gateCompose: (input) => {
        judged.push(input);
        return [{ ...problem, code: "K1401" }];
      },
    },
  );
  expect(judged).toEqual([compose, unreadable]);
  expect(problems.map(({ code, instances }) => [code, instances])).toEqual([
    ["K1401", ["other"]],
    ["K1401", ["large"]],
  ]);
  expect([...models.keys()]).toEqual(["core"]);
});

it("returns what Compose throws beside the problems that are found all the same", async () => {
  const away = new Error("no Compose");
  const ports = {
    ...newNode(new Map()).ports,
    resolveCompose: async () => Promise.reject(away),
    gateCompose: () => [problem],
  };
  const unrendered = [{ name: "other", compose }];
  expect(await resolveModels({ rendered, unrendered }, ports)).toEqual({
    models: new Map(),
    problems: [{ ...problem, instances: ["other"] }],
    warnings: [],
    error: away,
  });
});
