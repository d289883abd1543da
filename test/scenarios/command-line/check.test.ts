import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";

import { makeTempFolder, runKeelson } from "../../support/index.ts";
import { parseFiles } from "../repository-text.ts";

/** Mistakes of every stage, several in some documents. */
const files = parseFiles(`-- .gitattributes --
releases/** -text -ident -filter -export-subst -export-ignore -working-tree-encoding
-- releases/shop/1.0.0/release.yaml --
name: shop
version: 1.0.0
packages: [web, api, db, jobs, mail]
settings: settings.schema.json
-- releases/shop/1.0.0/settings.schema.json --
{ "type": "object", "additionalProperties": false, "properties": { "port": { "type": "integer", "x-override": ["node"] }, "title": { "type": "string" } } }
-- releases/shop/1.0.0/packages/web/package.yaml --
name: web
version: 1.0.0
requires: { api: ^1.0.0, cache: ^1.0.0 }
varibles: { TITLE: "{{ settings.titel }}" }
files:
  - { template: config/index.html.liquid, to: pages/index.html, onChange: none }
  - { template: config/missing.liquid, to: pages/missing.html }
data: { nothing: { format: 1 } }
-- releases/shop/1.0.0/packages/web/config/index.html.liquid --
<h1>{{ settings.greeting }}{{ requires.cache.project }}</h1>
-- releases/shop/1.0.0/packages/web/compose.yaml --
services:
  web:
    image: web:1
    privileged: true
    environment: { TITLE: "\${TITLE}", OTHER: "\${OTHER}" }
    volumes: ["./pages:/www/pages:ro"]
-- releases/shop/1.0.0/packages/api/package.yaml --
name: api
version: 1.0.0
provides: { api: 2.0.0 }
services:
  night: { schedule: "0 0 31 2 *" }
-- releases/shop/1.0.0/packages/api/compose.yaml --
services:
  api: { image: api:1, pid: host }
  night: { image: api:1, pull_policy: x }
-- releases/shop/1.0.0/packages/db/package.yaml --
name: db
version: 1.0.0
role: strange
compose: docker-compose.yaml
-- releases/shop/1.0.0/packages/db/compose.yaml --
services:
  db: { image: db:1, network_mode: host }
-- releases/shop/1.0.0/packages/jobs/package.yaml --
name: jobs
version: 1.0.0
files:
  - { from: run.sh, to: run.sh, onChange: sometimes }
-- releases/shop/1.0.0/packages/jobs/run.sh --
#!/bin/sh
-- releases/shop/1.0.0/packages/jobs/compose.yaml --
services:
  job: { image: job:1, cap_add: [SYS_ADMIN], volumes: ["./run.sh:/run.sh:ro"] }
-- releases/shop/1.0.0/packages/mail/package.yaml --
name: mail
version: 1.0.0
-- releases/shop/1.0.0/packages/mail/compose.yaml --
services:
  mail: { image: mail:1, ports: [nonsense] }
-- environments/home/environment.yaml --
name: home
releases:
  shop: ^1.0.0
instances:
  web: { package: shop/web }
  api: { package: shop/api, stat: running }
  db: { package: shop/db }
  jobs: { package: shop/jobs }
  mail: { package: shop/mail, on: { node: nobody } }
setings:
  shop: { port: none, tilte: x }
-- environments/home/lock.yaml --
releases:
  shop: { version: 1.0.0 }
instances:
  web: { package: shop/web, version: 1.0.0 }
  api: { package: shop/api, version: 1.0.1 }
  db: { package: shop/db, version: 1.0.0 }
  jobs: { package: shop/jobs, version: 1.0.0 }
  mail: { package: shop/mail, version: 1.0.0 }
  ghost: { package: shop/mail, version: 1.0.0 }
-- environments/home/nodes/laptop.yaml --
name: laptop
role: [x]
commands: { nothere: { renew: 1 } }
-- environments/lab/environment.yaml --
name: lab
releases: { shop: ^1.0.0 }
instances:
  web: { package: shop/web, state: runing }
  api: { package: shop/api }
  odd: { packge: shop/mail }
-- environments/lab/lock.yaml --
releases: { shop: { version: 1.0.0 } }
instances:
  web: { package: shop/web, version: 1.0.0 }
  api: { package: shop/api, version: 1.0.0 }
  odd: { package: shop/mail, version: 1.0.0 }
-- environments/lab/nodes/one.yaml --
name: two
-- environments/broken/environment.yaml --
name: broken
releases: [
-- environments/broken/lock.yaml --
releases: {}
instances: {}
nodes: {}
-- releases/tools/1.0.0/release.yaml --
name: tools
version: 1.0.0
packages: all
-- releases/tools/1.0.0/packages/vpn/package.yaml --
name: vpn
version: 1.0.0
services: { night: { schedule: daily } }
-- releases/tools/1.0.0/packages/vpn/compose.yaml --
services:
  vpn: { image: vpn:1, device_cgroup_rules: ["c 10 rwm"] }
  night: { image: vpn:1 }
`);

const mistakes = [
  "K1001 environments/broken/environment.yaml:3:1",
  "K1002 environments/broken/lock.yaml:3:1",
  "K1002 environments/home/environment.yaml:10:1",
  "K1002 environments/home/environment.yaml:6:29",
  "K1002 environments/home/nodes/laptop.yaml:2:1",
  "K1002 environments/lab/environment.yaml:6:10",
  "K1002 releases/shop/1.0.0/packages/web/package.yaml:4:1",
  "K1003 environments/lab/environment.yaml:4:36",
  "K1003 releases/shop/1.0.0/packages/jobs/package.yaml:4:43",
  "K1003 releases/tools/1.0.0/release.yaml:3:11",
  "K1004 releases/shop/1.0.0/packages/db/package.yaml:4:10",
  "K1004 releases/shop/1.0.0/packages/web/package.yaml:7:17",
  "K1009 environments/lab/nodes/one.yaml:1:7",
  "K1103 environments/home/lock.yaml:5:38",
  "K1103 environments/home/lock.yaml:9:3",
  "K1106 environments/home/environment.yaml:5:3",
  "K1106 environments/lab/environment.yaml:4:3",
  "K1107 environments/home/environment.yaml:5:3",
  "K1107 environments/lab/environment.yaml:4:3",
  "K1111 environments/home/environment.yaml:9:43",
  "K1113 environments/home/environment.yaml:7:3",
  "K1115 environments/home/nodes/laptop.yaml:3:13",
  "K1202 environments/home/environment.yaml:11:17",
  "K1203 environments/home/environment.yaml:11:23",
  "K1302 releases/shop/1.0.0/packages/web/config/index.html.liquid:1:8",
  "K1302 releases/shop/1.0.0/packages/web/package.yaml:4:20",
  "K1401 releases/shop/1.0.0/packages/jobs/compose.yaml:2:34",
  "K1401 releases/shop/1.0.0/packages/web/compose.yaml:4:5",
  "K1402 releases/shop/1.0.0/packages/api/compose.yaml:2:24",
  "K1403 releases/tools/1.0.0/packages/vpn/compose.yaml:2:46",
  "K1411 releases/shop/1.0.0/packages/web/compose.yaml:5:39",
  "K1417 releases/shop/1.0.0/packages/api/compose.yaml:3:26",
  "K1420 releases/shop/1.0.0/packages/mail/compose.yaml:1:1",
  "K1440 releases/shop/1.0.0/packages/api/package.yaml:5:22",
  "K1440 releases/tools/1.0.0/packages/vpn/package.yaml:3:32",
];

interface Shown {
  problems: { code: string; file: string; line: number; column: number }[];
}

async function check(repository: string, env: Record<string, string> = {}): Promise<string[]> {
  const { exitCode, stdout } = await runKeelson(["check", "-C", repository, "--json"], { env });
  expect(exitCode).toBe(1);
  const { problems }: Shown = JSON.parse(stdout);
  return problems.map(({ code, file, line, column }) => `${code} ${file}:${line}:${column}`).sort();
}

describe("keelson check", () => {
  it(`must show all ${mistakes.length} mistakes of a repository at once, and each of them once`, async () => {
    await using folder = await makeTempFolder();
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(folder.join(path)), { recursive: true });
      await writeFile(folder.join(path), text);
    }

    expect(await check(folder.path)).toEqual(mistakes);
    // Without a usable Compose only what Compose itself finds is missing.
    const unresolved = mistakes.filter((mistake) => !mistake.startsWith("K1420 "));
    expect(await check(folder.path, { KEELSON_COMPOSE: "/bin/false" })).toEqual(unresolved);
  });
});
