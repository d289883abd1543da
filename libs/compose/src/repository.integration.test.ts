import { withDotenv } from "@keelson/model";

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { constantFrom, oneof, sample as sampleOf, string } from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findComposeBinary } from "./binary.ts";
import { resolveCompose } from "./resolution.ts";
import { repositoryInput } from "./sample-input.ts";

type Sample = Parameters<typeof repositoryInput>[0];

let composeBinary: string;
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "keelson-test-"));
  composeBinary = await findComposeBinary(process.env);
});

afterAll(async () => rm(scratch, { recursive: true, force: true }));

const folder = "apps/wiki";

describe("the Compose files of a repository", () => {
  it("must be merged in their order, with paths from the first one's folder", async () => {
    const model = await resolved({
      folder,
      composeFiles: ["docker/compose.yaml", "../common/more.yaml"],
      files: {
        "apps/wiki/docker/compose.yaml":
          "services: {app: {image: 'app:1', volumes: ['./a:/a', '../b:/b:ro', '../../../top:/c']}}",
        "apps/common/more.yaml":
          "services: {app: {image: 'app:2', volumes: ['./d:/d', '.:/e'], env_file: x.env}}",
        "apps/wiki/docker/x.env": "X=1",
      },
      override: "services: {app: {image: 'app:3'}}",
    });
    expect(model.services["app"]).toMatchObject({
      image: "app:3",
      environment: { X: "1" },
      volumes: ["a", "../b", "../../../top", "d", "."].map((source) => ({ type: "bind", source })),
    });
  });

  it("may extend and include others, each with the paths and variables that Compose gives it", async () => {
    const model = await resolved({
      folder,
      files: {
        "apps/wiki/compose.yaml": `
include:
  - ../db/compose.yaml
  - {path: ../../common/cache.yaml, project_directory: ../cache, env_file: [one.env, two.env]}
services:
  app:
    extends: {file: "\${TOP}/common/base.yaml", service: base}
    environment: ["TAG=\${TAG}"]
`,
        "apps/wiki/.env": 'TAG=root\nTOP="..\\0057.."',
        "apps/wiki/one.env": "CACHE=one\nOTHER=1",
        "apps/wiki/two.env": "CACHE=two-$OTHER-$TAG",
        "apps/db/compose.yaml":
          "{include: [sub/more.yaml], services: {db: {image: 'db:${DB_TAG}-${TAG}', volumes: ['./data:/d'], environment: [DB_TAG]}}}",
        "apps/db/.env": "DB_TAG=7\nTAG=loses",
        "apps/db/sub/more.yaml": "services: {more: {image: 'more:${MORE}-${DB_TAG}', env_file: more.env}}",
        "apps/db/sub/.env": "MORE=$DB_TAG",
        "apps/db/sub/more.env": "M=$TAG",
        "common/cache.yaml":
          "services: {cache: {image: 'cache:${CACHE}', volumes: ['./c:/c'], env_file: c.env}}",
        "apps/cache/c.env": "C=1",
        "common/base.yaml":
          "services: {base: {image: 'base:${TAG}', env_file: base.env, volumes: ['./b:/b']}}",
        "common/base.env": "B=$TAG",
      },
    });
    expect(model.services).toMatchObject({
      app: {
        image: "base:root",
        environment: { B: "root", TAG: "root" },
        volumes: [{ source: "../../common/b" }],
      },
      db: { image: "db:7-root", environment: { DB_TAG: "7" }, volumes: [{ source: "../db/data" }] },
      more: { image: "more:7-7", environment: { M: "root" } },
      cache: { image: "cache:two-1-root", environment: { C: "1" }, volumes: [{ source: "../cache/c" }] },
    });
  });

  it("must read .env as Compose does, without what would steer it, and let other variables win", async () => {
    const text = [
      "# of the site",
      "export TAG='a$b' # kept",
      'MULTI="one',
      'two" NEXT=3',
      'COMPOSE_PROFILES="dev',
      'dev"',
      "COMPOSE_PROJECT_NAME=other",
      "HOME=/root",
      "PORT=80",
      'ESCAPED="\\$TAG-\\"x\\""',
      'QUOTED="x\\\\"',
      "SUM=${TAG}-$PORT-${NO:-none}",
      "YAML: value",
    ].join("\n");
    const names = ["TAG", "MULTI", "NEXT", "PORT", "ESCAPED", "QUOTED", "SUM", "YAML"];
    const model = await resolved({
      folder,
      variables: { PORT: "81" },
      files: {
        "apps/wiki/.env": text,
        "apps/wiki/compose.yaml": `services: {app: {image: app, environment: [${names.join(", ")}]}, dev: {image: dev, profiles: [dev]}}`,
      },
    });
    expect([model.name, Object.keys(model.services)]).toEqual(["lab-core", ["app"]]);
    expect(model.services["app"]?.["environment"]).toEqual({
      TAG: "a$$b",
      MULTI: "one\ntwo",
      NEXT: "3",
      PORT: "81",
      ESCAPED: '$$TAG-"x"',
      QUOTED: "x\\",
      SUM: "a$$b-80-none",
      YAML: "value",
    });
  });

  it("must have in .env what the gate reads there, however it is quoted", async () => {
    const characters = [
      "a",
      " ",
      "#",
      "\\",
      "$",
      "$$",
      "${A}",
      "${NO:-x}",
      "n",
      "t",
      "0",
      "7",
      "\t",
      "=",
      ":",
      "ä",
      "\\$",
      "\\n",
    ];
    const inside = string({ unit: constantFrom(...characters, "'"), maxLength: 8 }).map(
      (text) => `"${text.replace(/\\+$/, "")}"`,
    );
    const single = string({ unit: constantFrom(...characters), maxLength: 8 }).map(
      (text) => `'${text.replace(/\\+$/, "")}'`,
    );
    const plain = string({ unit: constantFrom(...characters, "'"), maxLength: 8 }).map((text) => `x${text}`);
    const values = sampleOf(oneof(inside, single, plain), { numRuns: 400, seed: 1 }).filter(isWhole);
    const names = values.map((_, index) => `V${index}`);
    const text = ["A=one", ...values.map((value, index) => `${names[index]}=${value}`)].join("\n");
    const model = await resolved({
      folder,
      files: {
        "apps/wiki/.env": text,
        "apps/wiki/compose.yaml": `services: {app: {image: app, environment: [${names.join(", ")}]}}`,
      },
    });
    const read = withDotenv(text, {});
    const doubled = names.map((name) => [name, read?.[name]?.replaceAll("$", "$$$$")]);
    expect(model.services["app"]?.["environment"]).toEqual(Object.fromEntries(doubled));
  });

  it("may name files and binds by a variable that a setting gives another value than .env", async () => {
    const model = await resolved({
      folder,
      variables: { WHICH: "green", DATA: "../../green" },
      settings: ["WHICH", "DATA"],
      files: {
        "apps/wiki/compose.yaml": `include: ["../../common/\${WHICH}.yaml"]
services: {app: {image: app, env_file: "../../common/$WHICH.env", volumes: ["\${DATA}/conf:/conf:ro"]}}`,
        "apps/wiki/.env": "WHICH=blue\nDATA=./data",
        "common/blue.yaml": "services: {side: {image: blue}}",
        "common/green.yaml": "services: {side: {image: green}}",
        "common/green.env": "COLOUR=green",
      },
    });
    expect(model.services).toMatchObject({
      side: { image: "green" },
      app: { environment: { COLOUR: "green" }, volumes: [{ source: "../../green/conf" }] },
    });
  });

  it("may include with env files and project folders at any depth, and have those that were judged", async () => {
    const model = await resolved({
      folder,
      files: {
        "apps/wiki/compose.yaml": "include: [../../common/one.yaml]",
        "apps/wiki/two.env": "A=wrong",
        "apps/wiki/deep/three.env": "B=wrong",
        "common/one.yaml": "include: [{path: two/two.yaml, env_file: two/two.env}]",
        "common/two/two.env": "A=two",
        "common/two/two.yaml": `
include: [{path: [deep/three.yaml], env_file: [deep/three.env, /dev/null], project_directory: elsewhere}]
services: {two: {image: "two:$A", volumes: ["./data:/d"]}}`,
        "common/two/deep/three.env": "B=three-$A",
        "common/two/deep/three.yaml": `services: {three: {image: "three:$A-$B", volumes: ["./data:/d"]}}`,
      },
    });
    expect(model.services).toMatchObject({
      two: { image: "two:two", volumes: [{ source: "../../common/two/data" }] },
      three: { image: "three:two-three-two", volumes: [{ source: "../../common/two/elsewhere/data" }] },
    });
  });

  it("may have several documents, which Compose merges in their order, with each its own include and extends", async () => {
    const files = {
      "apps/wiki/compose.yaml": `---
services:
  app: {image: "app:1", ports: ["80:80"], environment: {A: 1, B: 1}, command: [a]}
---
include: [../db/compose.yaml]
services:
  app: {environment: [B=2, "C=$C"], command: [b], ports: !override ["81:80"]}
  kid: {extends: {service: app}, image: kid}
...
`,
      "apps/wiki/.env": "C=3",
      "apps/db/compose.yaml":
        "services: {db: {image: 'db:1'}}\n---\nservices: {db: {env_file: db.env}, more: {image: more}}\n",
      "apps/db/db.env": "D=4",
    };
    const model = await resolved({ folder, files });
    expect(model.services).toMatchObject({
      app: {
        image: "app:1",
        command: ["b"],
        environment: { A: "1", B: "2", C: "3" },
        ports: [{ published: "81" }],
      },
      kid: { image: "kid", environment: { B: "2", C: "3" } },
      db: { image: "db:1", environment: { D: "4" } },
      more: { image: "more" },
    });
    expect(Object.keys(model.services["kid"]?.["environment"] ?? {})).toEqual(["B", "C"]);
  });

  it("must have each of several documents judged, and none extended from elsewhere", async () => {
    const codesOf = async (text: string, more: Record<string, string> = {}) => {
      const files = { "apps/wiki/compose.yaml": text, ...more };
      const { problems } = await resolveCompose(repositoryInput({ folder, files }), { composeBinary });
      return problems.map(({ code, line }) => [code, line]);
    };
    const web = "services: {web: {image: web}}\n";
    expect(await codesOf(`${web}---\nservices: {web: {privileged: true}}\n`)).toEqual([["K1401", 3]]);
    expect(await codesOf(`${web}---\ninclude: [../../../etc.yaml]\n`)).toEqual([["K1407", 3]]);
    expect(await codesOf(`${web}---\nservices: {web: {labels: {a: $UNSET}}}\n`)).toEqual([["K1411", 3]]);
    const extended = "services: {a: {extends: {file: ../b.yaml, service: web}}}\n";
    expect(await codesOf(extended, { "apps/b.yaml": `${web}---\n${web}` })).toEqual([["K1416", 1]]);
  });

  it("must have the services of active profiles and no others", async () => {
    const files = {
      "apps/wiki/compose.yaml": `services:
  app: {image: app, depends_on: {debug: {condition: service_started, required: false}}}
  debug: {image: debug, profiles: [debug, all], env_file: local.env}
  dev: {build: ., profiles: [dev]}
`,
    };
    const namesOf = async (sample: Partial<Sample>) =>
      Object.keys((await resolved({ folder, files, ...sample })).services);
    expect(await namesOf({})).toEqual(["app"]);
    const withFile = { ...files, "apps/wiki/local.env": "A=1" };
    expect(await namesOf({ profiles: ["all"], files: withFile })).toEqual(["app", "debug"]);
  });

  it("must say of a profile in .env that no service has it, and go on as Compose does", async () => {
    const files = {
      "apps/wiki/compose.yaml": "services: {app: {image: app}, dev: {image: dev, profiles: [dev]}}",
      "apps/wiki/.env": "A=1\nCOMPOSE_PROFILES=dev,devel\n",
    };
    const { model, problems, warnings } = await resolve({ folder, files, profiles: ["dev", "devel"] });
    expect([Object.keys(model?.services ?? {}), problems]).toEqual([["app", "dev"], []]);
    expect(warnings).toMatchObject([
      {
        code: "K1334",
        file: "apps/wiki/.env",
        line: 2,
        message: "no service has the profile `devel`",
        sourceLine: "COMPOSE_PROFILES=dev,devel",
      },
    ]);
  });

  it("must take the published image of what is built, and read nothing of the build", async () => {
    const files = {
      "apps/wiki/compose.yaml": `services:
  app: {build: {context: ../../.., dockerfile: "\${NOT_DECLARED}", args: [HOME]}}
  both: {image: "both:1", build: .}
  other: {extends: {service: app}, develop: {watch: [{path: /etc, action: sync, target: /x}]}}
`,
    };
    const images = {
      app: "registry.example/app:1",
      other: "registry.example/other@sha256:" + "a".repeat(64),
    };
    const { model, problems, warnings } = await resolve({ folder, files, images });
    expect(problems).toEqual([]);
    const imageOf = (name: string) => model?.services[name]?.image;
    expect([imageOf("app"), imageOf("both"), imageOf("other")]).toEqual([images.app, "both:1", images.other]);
    expect(JSON.stringify(model)).not.toContain("build");
    expect(warnings.map(({ code, line, path }) => [code, line, path])).toEqual([
      ["K1443", 3, "services.both.build"],
    ]);
  });

  it("must have the content of configs and secrets that the commit holds", async () => {
    const model = await resolved({
      folder,
      files: {
        "apps/wiki/.env": "KEY=k$$1",
        "apps/wiki/compose.yaml": `
services:
  app: {image: app, configs: [inline, {source: named, target: /n, mode: 0440}], secrets: [key]}
configs:
  inline: {content: "a=\${KEY}\\n$$x"}
  named: {environment: KEY}
secrets:
  key: {environment: KEY}
`,
      },
    });
    expect([model.configs, model.secrets]).toMatchObject([
      { inline: { content: "a=k$$1\n$$x" }, named: { content: "k$$1" } },
      { key: { content: "k$$1" } },
    ]);
    expect(JSON.stringify(model)).not.toMatch(/"environment"|x-keelson/);
  });

  it("must leave no pull between commits, and say so", async () => {
    const text =
      "services: {app: {image: app, pull_policy: '${PULL}'}, old: {image: old, pull_policy: missing}}";
    const sample = { folder, files: { "apps/wiki/compose.yaml": text }, variables: { PULL: "daily" } };
    const model = await resolved(sample);
    expect([model.services["app"], model.services["old"]]).toMatchObject([
      { image: "app" },
      { pull_policy: "missing" },
    ]);
    expect(model.services["app"]).not.toHaveProperty("pull_policy");
    const named = { ...sample, files: { "apps/wiki/compose.yaml": text.replace("'${PULL}'", "always") } };
    const { warnings } = await resolve(named);
    expect(warnings.map(({ code, path }) => [code, path])).toEqual([["K1444", "services.app.pull_policy"]]);
  });

  it("may have what people's files have", async () => {
    const text = `services:
  web.Front_1:
    image: "app:1"
    container_name: front.office_1
    logging: {driver: fluentd, options: {fluentd-address: "\${HOST_OF_LOGS:-127.0.0.1}:24224"}}
    extra_hosts: ["host.docker.internal:host-gateway", "db=10.0.0.5"]
    annotations: {com.example.note: "of $OWNER"}
    pull_policy: always
    env_file: [one.env, two.env]
    environment: [TZ, "ZONE=a"]
    depends_on: {debug: {condition: service_healthy, required: false}}
    networks: [net.one]
    volumes: ["data.v1:/data"]
    configs: [{source: app.conf, target: /etc/app.conf}]
  debug: {image: debug, profiles: [debug]}
networks: {net.one: {}}
volumes: {data.v1: {}}
configs: {app.conf: {content: "for $OWNER"}}
`;
    const { model, problems } = await resolve({
      folder,
      variables: { TZ: "UTC" },
      allow: { loggingAddresses: ["tcp://127.0.0.1:24224"] },
      files: {
        "apps/wiki/compose.yaml": text,
        "apps/wiki/.env": "OWNER=me\n",
        "apps/wiki/one.env": "ONE=1\n",
        "apps/wiki/two.env": "TWO=$ONE-$ZONE-$OWNER\n",
      },
    });
    expect(problems).toEqual([]);
    expect(model?.services["web.Front_1"]).toMatchObject({
      container_name: "front.office_1",
      logging: { driver: "fluentd", options: { "fluentd-address": "127.0.0.1:24224" } },
      extra_hosts: ["db=10.0.0.5", "host.docker.internal=host-gateway"],
      annotations: { "com.example.note": "of me" },
      environment: { ONE: "1", TWO: "1-a-me", TZ: "UTC", ZONE: "a" },
      networks: { "net.one": null },
      volumes: [{ source: "data.v1" }],
    });
    expect(model?.configs["app.conf"]).toMatchObject({ content: "for me" });
  });

  it("may have a key of the environment with a variable in its name, and one without a value that is declared", async () => {
    const text = "services: {app: {image: app, environment: ['${NAME}=x', TZ]}}";
    const files = { "apps/wiki/compose.yaml": text, "apps/wiki/.env": "TZ=UTC\nNAME=PATH" };
    const model = await resolved({ folder, files });
    expect(model.services["app"]?.["environment"]).toEqual({ PATH: "x", TZ: "UTC" });
  });
});

/** Compose refuses a value with half a variable. */
function isWhole(value: string): boolean {
  const rest = value.replace(/\$\$|\\\$|\$\{[A-Z]+(?::-x)?\}/g, "");
  return !rest.includes("$");
}

async function resolve(sample: Sample) {
  return resolveCompose(repositoryInput(sample), { composeBinary, folder: join(scratch, "work") });
}

async function resolved(sample: Sample) {
  const { model, problems } = await resolve(sample);
  expect(problems).toEqual([]);
  if (model === null) throw new Error("no model");
  return model;
}
