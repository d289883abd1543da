import { type ComposeModel, type SourceFile, emptyRecord } from "@keelson/model";
import { expect, it } from "vitest";

import { findAskedGrants } from "./asked-grant.ts";
import type { DesiredPorts } from "./ports.ts";
import { snapshotOfFiles } from "./test-snapshot.ts";

const compose = "services: { app: { image: app } }\n";
const texts = {
  "environments/lab/environment.yaml": `name: lab
discover: [{ path: "apps/*" }]
networks: { ours: {} }
policy: { allow: { ./apps/joined: { networks: [byhand] } } }
`,
  "environments/lab/nodes/one.yaml": "name: one\n",
  "apps/nets/compose.yaml": compose,
  "apps/joined/compose.yaml": compose,
};

const external = (name: string) => ({ name, external: true });
const networks: Record<string, ComposeModel["networks"]> = {
  "lab-nets": { plain: {}, named: { name: "shared" } },
  "lab-joined": {
    a: external("shared"),
    b: external("lab-nets_plain"),
    c: external("ours"),
    d: external("byhand"),
    e: external("other"),
  },
};

const neverAsked = () => {
  throw new Error("nothing asks for that");
};

/** With the models that Compose would make. */
const ports: DesiredPorts = {
  emit: () => {},
  gateCompose: () => [],
  resolveCompose: async ({ project }) => {
    const own = networks[project] ?? {};
    const keys = Object.fromEntries(Object.keys(own).map((key) => [key, null]));
    const model = { name: project, services: { app: { image: "app", networks: keys } }, networks: own };
    const nothing = { volumes: {}, secrets: {}, configs: {} };
    return Promise.resolve({ model: { ...model, ...nothing }, problems: [], warnings: [] });
  },
  record: { readState: () => emptyRecord, readComposeModel: () => null, saveComposeModel: () => {} },
  secrets: {
    hasValue: () => true,
    ownerOf: neverAsked,
    ownershipOf: neverAsked,
    digestContent: neverAsked,
    keyedDigest: neverAsked,
    fillSecrets: neverAsked,
    isKnown: neverAsked,
    isPlain: () => true,
    hideValues: neverAsked,
    openSealed: neverAsked,
    findEnvironmentFault: () => null,
  },
};

it("must ask for networks that somebody else makes, and for none that an instance or the environment does", async () => {
  const files = Object.entries(texts).map(([path, text]): [string, SourceFile] => [
    path,
    { path, mode: "100644", bytes: new TextEncoder().encode(text) },
  ]);
  const reference = { environment: "lab", node: "one" };
  const { asked, problems } = await findAskedGrants(snapshotOfFiles(new Map(files)), { reference, ports });
  expect(problems).toEqual([]);
  expect(asked.map(({ instance, ask, isGranted }) => [instance, ask.value, isGranted])).toEqual([
    ["joined", "byhand", true],
    ["joined", "other", false],
  ]);
});
