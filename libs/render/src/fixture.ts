import {
  type ComposeModel,
  type ComposeService,
  type DesiredNode,
  type NodeSecrets,
  type Problem,
  type RenderedNode,
  type Repository,
  type SourceFile,
  digestBytes,
  digestValue,
} from "@keelson/model";

import { readRepository } from "../../manifest/src/index.ts";
import { formatProblems } from "../../report/src/index.ts";
import { buildDesired } from "./build-desired.ts";
import { type RenderResult, renderFiles } from "./render-files.ts";
import type { DigestAlgorithms } from "./service-digest.ts";

/** Test data: a platform of two packages on one node. A test changes or adds what it is about. */
export const platform: Readonly<Record<string, string>> = {
  "releases/sample/1.0.0/release.yaml": `name: sample
version: 1.0.0
packages: [core, storage]
settings: settings.schema.json
secrets:
  adminKey: { generate: { bytes: 32 } }
  other: {}
`,
  "releases/sample/1.0.0/settings.schema.json": JSON.stringify({
    type: "object",
    properties: {
      domain: { type: "string", default: "example.org" },
      filter: { type: "array", items: { type: "string" }, default: ["all"], "x-override": ["node"] },
    },
  }),
  "releases/sample/1.0.0/packages/core/package.yaml": `name: core
version: 1.0.0
provides: { api: 1.0.0 }
requires: { store: ^6.0.0 }
variables:
  DOMAIN: "{{ settings.domain }}"
files:
  - { template: config/core.yml.liquid, to: core/conf/core.yml, onChange: restart }
  - { template: config/site.conf, to: nginx/conf/site.conf, onChange: "signal:HUP" }
`,
  "releases/sample/1.0.0/packages/core/compose.yaml": `services:
  app:
    image: app:1.0
    volumes: ["./core/conf:/etc/core:ro"]
  nginx:
    image: nginx:1.0
networks:
  stores:
    external: true
    name: lab-storage_stores
`,
  "releases/sample/1.0.0/packages/core/config/core.yml.liquid": `domain: {{ settings.domain }}
store: {{ requires.store.project }} {{ requires.store.version }}
filter: {{ settings.filter | json }}
`,
  "releases/sample/1.0.0/packages/core/config/site.conf": "server { listen 80; }\n",
  "releases/sample/1.0.0/packages/storage/package.yaml": `name: storage
version: 1.0.0
provides: { store: 6.0.0 }
role: storage
data:
  data: { format: 6 }
`,
  "releases/sample/1.0.0/packages/storage/compose.yaml":
    "services:\n  db:\n    image: db:1.0\nvolumes:\n  data:\n",
  "environments/lab/environment.yaml": `name: lab
releases: { sample: ^1.0.0 }
instances:
  core: { package: sample/core }
  storage: { package: sample/storage }
`,
  "environments/lab/lock.yaml": `releases: { sample: { version: 1.0.0 } }
instances:
  core: { package: sample/core, version: 1.0.0 }
  storage: { package: sample/storage, version: 1.0.0 }
`,
  "environments/lab/nodes/one.yaml": "name: one\nroles: [storage]\n",
};

export const corePackage = "releases/sample/1.0.0/packages/core";

/** The platform with files replaced, added or, with null, left out. */
export function repositoryOf(changes: Readonly<Record<string, string | null>> = {}): Repository {
  return readChanged(changes).repository;
}

function readChanged(changes: Readonly<Record<string, string | null>>) {
  return readRepository(filesAfter(changes));
}

/** The files of the platform with these changes. */
export function filesAfter(changes: Readonly<Record<string, string | null>>): Map<string, SourceFile> {
  const files = Object.entries({ ...platform, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  return new Map(files.map(([path, text]) => [path, sourceFile(path, text)]));
}

export function sourceFile(path: string, text: string): SourceFile {
  return { path, mode: "100644", bytes: new TextEncoder().encode(text) };
}

/** Fails when the test's own repository is wrong in more than what this room says. */
export function render(changes: Readonly<Record<string, string | null>> = {}): RenderResult {
  const { repository, problems } = readChanged(changes);
  if (problems.length > 0)
    throw new Error(`the test's own repository is wrong:\n${formatProblems(problems)}`);
  return renderFiles(repository, { environment: "lab", node: "one" });
}

/** A text of a file in `core`, as rendered. */
export function renderedText(result: RenderResult, to: string): string {
  const files = result.rendered?.instances.flatMap((instance) => instance.files) ?? [];
  const file = files.find((each) => each.to === to);
  return file === undefined ? formatProblems(result.problems) : new TextDecoder().decode(file.content);
}

export function problemText(problems: readonly Problem[]): string {
  return `${formatProblems(problems)}\n`;
}

/** The changes that put one file into `core`, bound or not. */
export function withFile(entry: string, files: Readonly<Record<string, string>>): Record<string, string> {
  const manifest = platform[`${corePackage}/package.yaml`] ?? "";
  const placed = Object.entries(files).map(([path, text]) => [`${corePackage}/${path}`, text] as const);
  return { [`${corePackage}/package.yaml`]: `${manifest}  - ${entry}\n`, ...Object.fromEntries(placed) };
}

/** Secrets of a node that has its key and these values, some of them not plain. */
export function secretsOf(
  known: readonly string[] = ["sample.adminKey", "sample.other"],
  odd: readonly string[] = [],
): NodeSecrets {
  return {
    hasValue: (name) => known.includes(name),
    openSealed: async () => Promise.resolve([]),
    ownerOf: (id) => digestBytes(`owner ${id}`),
    ownershipOf: () => "ours",
    digestContent: (content, secrets) =>
      secrets.length === 0 ? digestBytes(content) : digestValue(["keyed", digestBytes(content)]),
    keyedDigest: (bytes) => digestValue(["keyed", digestBytes(bytes)]),
    isKnown: () => true,
    fillSecrets: (content) => content,
    findEnvironmentFault: () => null,
    isPlain: (name) => !odd.includes(name),
    hideValues: (text) => text,
  };
}

export interface Models {
  core: Partial<ComposeModel>;
  storage: Partial<ComposeModel>;
}

/** What Compose makes of the platform. */
export const models: Models = {
  core: {
    services: {
      app: {
        image: "app:1.0",
        environment: { DOMAIN: "example.org" },
        volumes: [{ type: "bind", source: "core/conf", target: "/etc/core", read_only: true }],
        networks: { default: null, stores: null },
        depends_on: { nginx: { condition: "service_started" } },
      },
      nginx: {
        image: "nginx:1.0",
        networks: { default: null },
        volumes: [{ type: "bind", source: "nginx/conf", target: "/etc/nginx" }],
      },
    },
    networks: {
      default: { name: "lab-core_default", ipam: {} },
      stores: { name: "lab-storage_stores", external: true },
    },
  },
  storage: {
    services: {
      db: {
        image: "db:1.0",
        networks: { stores: null },
        volumes: [{ type: "volume", source: "data", target: "/data" }],
      },
    },
    networks: { stores: { name: "lab-storage_stores", internal: true } },
    volumes: { data: { name: "lab-storage_data" } },
  },
};

/** The models with a service of `core` replaced or added. */
export function withService(name: string, service: Partial<ComposeService>): Models {
  const before = models.core.services?.[name];
  const services = { ...models.core.services, [name]: { image: "x:1", ...before, ...service } };
  return { ...models, core: { ...models.core, services } };
}

export function build(
  rendered: RenderedNode | null,
  input: {
    models?: Models;
    secrets?: NodeSecrets;
    repository?: Repository;
    algorithms?: DigestAlgorithms;
    problems?: readonly Problem[];
  } = {},
) {
  if (rendered === null) throw new Error("nothing was rendered");
  const { core, storage } = input.models ?? models;
  return buildDesired(rendered, {
    models: new Map([
      ["core", model("lab-core", core)],
      ["storage", model("lab-storage", storage)],
    ]),
    problems: input.problems ?? [],
    secrets: input.secrets ?? secretsOf(),
    ...(input.repository === undefined ? {} : { repository: input.repository }),
    ...(input.algorithms === undefined ? {} : { algorithms: input.algorithms }),
  });
}

function model(name: string, parts: Partial<ComposeModel>): ComposeModel {
  return { name, services: {}, networks: {}, volumes: {}, secrets: {}, configs: {}, ...parts };
}

/** The desired state, which must be without problems. */
export function desiredOf(
  changes: Readonly<Record<string, string | null>> = {},
  input: Parameters<typeof build>[1] = {},
): DesiredNode {
  const result = render(changes);
  if (result.problems.length > 0) throw new Error(problemText(result.problems));
  const { desired, problems } = build(result.rendered, input);
  if (desired === null) throw new Error(problemText(problems));
  return desired;
}

export function serviceOf(desired: DesiredNode, name: string) {
  const [instance, service] = name.split("/");
  const found = desired.instances
    .find((each) => each.name === instance)
    ?.services.find((each) => each.name === service);
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}
