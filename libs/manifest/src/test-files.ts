import type { Problem, SourceFile, SourceFiles } from "@keelson/model";

import { formatProblems } from "../../report/src/problem.ts";
import { readRepository } from "./repository.ts";

/** A repository of these texts. */
export function filesOf(texts: Record<string, string>): SourceFiles {
  return new Map(Object.entries(texts).map(([path, text]) => [path, fileOf(path, text)]));
}

export function fileOf(path: string, content: string | Uint8Array): SourceFile {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { path, mode: "100644", bytes };
}

/** A small valid platform: two packages, one of which requires the other, on two nodes; `base` is extended. */
export const platform: Readonly<Record<string, string>> = {
  "README.md": "Not of the repository's business.",
  "releases/pryv/1.9.2/release.yaml": `name: pryv
version: 1.9.2
agent: ">=0.1 <2"
packages: [core, storage]
settings: settings.schema.json
secrets:
  adminKey: { generate: { bytes: 32 } }
`,
  "releases/pryv/1.9.2/settings.schema.json": `{ "type": "object", "properties": { "domain": { "type": "string" } } }\n`,
  "releases/pryv/1.9.2/packages/core/package.yaml": `name: core
version: 1.9.2
provides: { pryv-api: 1.9.0 }
requires: { mongodb: "^6.0 || ^7.0" }
capabilities: [arch/amd64]
variables: { DOMAIN: "{{ settings.domain }}" }
files:
  - { template: config/core.yml.liquid, to: core/conf/core.yml, onChange: restart, mode: "0640" }
  - { template: config/logo.svg, to: core/www/logo.svg, onChange: none }
`,
  "releases/pryv/1.9.2/packages/core/compose.yaml": "services: { core: { image: core:1.9.2 } }\n",
  "releases/pryv/1.9.2/packages/core/config/core.yml.liquid": "domain: {{ settings.domain }}\n",
  "releases/pryv/1.9.2/packages/core/config/logo.svg": "<svg/>\n",
  "releases/pryv/1.9.2/packages/storage/package.yaml": `name: storage
version: 7.0.1
provides: { mongodb: 7.0.1 }
role: storage
data: { mongo-data: { format: 7, reads: ">=6 <8" } }
`,
  "releases/pryv/1.9.2/packages/storage/compose.yaml": "services: { mongo: { image: mongo:7 } }\n",
  "environments/base/environment.yaml": `name: base
releases: { pryv: ^1.8.0 }
instances:
  storage: { package: pryv/storage }
settings: { pryv: { domain: base.example } }
policy: { requireDigests: true }
`,
  "environments/lab/environment.yaml": `name: lab
extends: base
releases: { pryv: ^1.9.0 }
instances:
  core: { package: pryv/core, on: { role: core } }
settings: { pryv: { domain: lab.example } }
policy: { allowMassRemoval: true }
`,
  "environments/lab/lock.yaml": `releases: { pryv: { version: 1.9.2 } }
instances:
  core: { package: pryv/core, version: 1.9.2 }
  storage: { package: pryv/storage, version: 7.0.1 }
`,
  "environments/lab/nodes/lab-1.yaml": `name: lab-1
roles: [core, storage]
capabilities: [arch/amd64]
settings: { pryv: { domain: node.example } }
`,
  "environments/lab/compose/core.yaml": "services: { core: { cpus: 1 } }\n",
};

type Change = Record<string, string | null | ((text: string) => string)>;

/** The platform with some files replaced, edited or (null) removed. Fails when an edit changes nothing. */
export function changed(change: Change): SourceFiles {
  const texts: Record<string, string> = { ...platform };
  for (const [path, edit] of Object.entries(change)) {
    const before = texts[path] ?? "";
    if (edit === null) delete texts[path];
    else texts[path] = typeof edit === "string" ? edit : edit(before);
    if (texts[path] === platform[path]) throw new Error(`the change of ${path} changes nothing`);
  }
  return filesOf(texts);
}

/** The problems of the platform with this change, as a person sees them. */
export function problemsAfter(change: Change): string {
  return formatProblems(readRepository(changed(change)).problems);
}

/** One line per problem. */
export function lines(problems: readonly Problem[]): string[] {
  return problems.map(
    ({ code, file, line, column, message }) => `${code} ${file}:${line}:${column} ${message}`,
  );
}

/** An edit that replaces one text by another. */
export function replace(before: string, after: string): (text: string) => string {
  return (text) => text.replace(before, after);
}
