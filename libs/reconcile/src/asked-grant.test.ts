import { type ComposeModel, type SourceFile, emptyRecord } from "@keelson/model";
import { expect, it } from "vitest";

import { type Place, findAskedGrants } from "./asked-grant.ts";
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
  listImages: () => [],
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

it("must say where each is asked for, and where the environment grants it", async () => {
  const changed = {
    ...texts,
    "environments/lab/environment.yaml": `name: lab
discover: [{ path: "apps/*" }]
networks: { ours: { ipam: { config: [{ subnet: 203.0.113.0/24 }] } } }
policy:
  allow:
    ./apps/joined: { networks: [other, byhand] }
    "*": { subnets: [203.0.113.0/24] }
`,
    "apps/joined/compose.yaml":
      "services: { app: { image: app } }\nnetworks:\n  d: { external: true, name: byhand }\n",
  };
  const files = Object.entries(changed).map(([path, text]): [string, SourceFile] => [
    path,
    { path, mode: "100644", bytes: new TextEncoder().encode(text) },
  ]);
  const reference = { environment: "lab", node: "one" };
  const { asked } = await findAskedGrants(snapshotOfFiles(new Map(files)), { reference, ports });
  const at = (place: Place | null) => place && `${place.file}:${place.line}:${place.column}`;
  expect(asked.map(({ ask, askedAt, grantedAt }) => [ask.value, at(askedAt), at(grantedAt)])).toEqual([
    ["byhand", "apps/joined/compose.yaml:3:3", "environments/lab/environment.yaml:6:40"],
    ["other", "apps/joined/compose.yaml:2:1", "environments/lab/environment.yaml:6:33"],
    ["203.0.113.0/24", "environments/lab/environment.yaml:3:40", "environments/lab/environment.yaml:7:22"],
  ]);
});
