import { type ComposeInput, secretPlaceholder } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { gateCompose } from "./gate.ts";
import { repositoryInput, sampleInput } from "./sample-input.ts";
import { findSecretFaults } from "./secret-place.ts";
import { findFaults } from "./ungranted.ts";

const secret = secretPlaceholder("sample.dbPassword");
const variables = { PW: secret, TAG: "1", URL: `postgres://u:${secret}@db` };

const faultsOf = (text: string, more: { rendered?: Record<string, string> } = {}) =>
  gateCompose(sampleInput({ files: { "compose.yaml": text }, variables, ...more })).map(
    ({ code, path, line, column }) => `${code} ${path} ${line}:${column}`,
  );

describe("a variable that carries a secret", () => {
  it.each([
    "services: {a: {image: a, environment: {DB: '${PW}', B: 'x-${PW:-y}-$URL'}}}",
    "services: {a: {image: a, environment: ['DB=${PW}', 'URL=$URL']}}",
    "services: {a: {image: a, command: ['$${PW}']}}",
    "{x-env: &env {DB: '${PW}'}, services: {a: {image: a, environment: *env}}}",
    "services: {a: {image: a, x-note: '${PW}', environment: {DB: 'x${PW}'}}}",
  ])("may stand in %s", (text) => {
    expect(faultsOf(text)).toEqual([]);
  });

  it.each([
    ["services: {a: {image: 'a:${PW}'}}", "services.a.image 1:16"],
    ["services: {a: {image: a, ports: ['${PW}:80']}}", "services.a.ports.0 1:34"],
    ["services: {a: {image: a, command: ['x', '$URL']}}", "services.a.command.1 1:41"],
    ["services: {a: {image: a, labels: {l: '${PW}'}}}", "services.a.labels.l 1:35"],
    ["services: {a: {image: a, environment: ['${PW}=x']}}", "services.a.environment.0 1:40"],
    ["services: {a: {image: a, healthcheck: {test: 'x ${PW+y}'}}}", "services.a.healthcheck.test 1:40"],
    ["services: {a: {image: a, hostname: '${TAG:-${PW}}'}}", "services.a.hostname 1:26"],
    ["{services: {a: {image: a}}, networks: {n: {labels: ['l=${PW}']}}}", "networks.n.labels.0 1:53"],
    ["{services: {a: {image: a}}, environment: {A: '${PW}'}}", "environment.A 1:43"],
  ])("must be refused in %s", (text, place) => {
    expect(faultsOf(text)).toContain(`K1304 ${place}`);
  });

  it("must be refused in what other files bring in", () => {
    const files = {
      "compose.yaml": "{include: [inc.yaml], services: {a: {extends: {file: base.yaml, service: b}}}}",
      "inc.yaml": "services: {c: {image: c, command: '${PW}'}}",
      "base.yaml": "services: {b: {image: b, user: '${PW}'}}",
    };
    const override = "services: {a: {hostname: '${PW}'}}";
    const problems = gateCompose(sampleInput({ files, override, variables }));
    expect(problems.map(({ code, file, path }) => `${code} ${file.split("/").at(-1)} ${path}`)).toEqual([
      "K1304 core.yaml services.a.hostname",
      "K1304 base.yaml services.b.user",
      "K1304 inc.yaml services.c.command",
    ]);
  });
});

it("a rendered label_file must not hold a secret", () => {
  const text = "services: {a: {image: a, label_file: conf/labels, env_file: conf/env}}";
  const rendered = { "conf/labels": `l=${secret}\n`, "conf/env": `DB=${secret}\n` };
  expect(faultsOf(text, { rendered })).toEqual(["K1304 services.a.label_file 1:26"]);
});

describe("a secret in the resolved model", () => {
  const model = (environment: Record<string, string>) => ({
    "x-env": { DB: secret },
    services: { a: { environment, "x-note": secret } },
  });
  const context = {
    project: "lab-core",
    reach: "package",
    stage: "model",
    folder: "",
    boundPaths: [],
    variables: {},
  } as const;
  const faults = (environment: Record<string, string>, allow: string[] | "all" = []) => [
    ...findSecretFaults(model(environment)),
    ...findFaults(model(environment), {
      context,
      reference: "sample/core",
      allow: allow === "all" ? allow : { secretEnvironment: allow },
    }),
  ];

  it("needs a grant for exactly that variable of the environment", () => {
    expect(faults({ DB: secret }, ["DB"])).toEqual([]);
    expect(faults({ DB: secret }, "all")).toEqual([]);
    for (const narrow of [[], ["D"], ["DB_"], ["db"], ["*"]])
      expect(faults({ DB: `x${secret}`, PLAIN: "x" }, narrow).map(({ path }) => path.join("."))).toEqual([
        "services.a.environment.DB",
      ]);
  });

  it("is refused with the line that would permit it", () => {
    expect(faults({ DB: secret })).toMatchInlineSnapshot(`
      [
        {
          "code": "K1423",
          "hint": "To permit it, write in environment.yaml: policy: { allow: { sample/core: { secretEnvironment: [DB] } } }",
          "message": "whoever has the engine could read the secret in the environment variable DB, and the environment does not grant that",
          "path": [
            "services",
            "a",
            "environment",
            "DB",
          ],
        },
      ]
    `);
  });

  it("is refused everywhere else, whatever is granted", () => {
    const elsewhere = {
      services: {
        a: { environment: { [secret]: "x" }, command: [secret], labels: { l: `x${secret}` } },
        [secret]: { image: "a" },
      },
      configs: { c: { content: secret } },
    };
    const found = findSecretFaults(elsewhere);
    expect(found.map(({ code, path }) => `${code} ${path.join(".").replace(secret, "…")}`)).toEqual([
      "K1423 services.a.environment.…",
      "K1423 services.a.command.0",
      "K1423 services.a.labels.l",
      "K1423 services.…",
      "K1423 configs.c.content",
    ]);
  });
});

describe("what SOPS has encrypted", () => {
  const enc = "DB=ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]\n";
  const name = "apps/a/db.env:DB";
  const opened = { bytes: new TextEncoder().encode(`DB='${secretPlaceholder(name)}'\n`), secrets: [name] };
  const input = (service: string, sealed: readonly string[] = ["apps/a/db.env"]) => ({
    ...repositoryInput({
      folder: "apps/a",
      files: { "apps/a/compose.yaml": `services: {a: {image: a, ${service}}}`, "apps/a/db.env": enc },
    }),
    sealedVariables: new Map(sealed.map((path) => [path, opened])),
  });
  const found = (of: ComposeInput) =>
    gateCompose(of).map(({ code, path, message }) => `${code} ${path} ${message}`);

  it("is given to Compose as placeholders, where it is the variables of a container", () => {
    expect(found(input("env_file: db.env"))).toEqual([]);
    expect(found(input("env_file: [{path: ./db.env, required: true}]"))).toEqual([]);
  });

  it.each([
    ["label_file: db.env", "K1346 services.a.label_file db.env is encrypted by SOPS, and labels"],
    ["env_file: [{path: db.env, format: raw}]", "K1346 services.a.env_file.0.path db.env is encrypted"],
  ])("is refused as %s", (service, problem) => {
    expect(found(input(service))).toEqual([expect.stringContaining(problem)]);
  });

  it("is refused where nobody opens it, and in a release", () => {
    const unknown = found(input("env_file: db.env", []));
    expect(unknown).toEqual([expect.stringContaining("K1346 services.a.env_file")]);
    const text = "services: {a: {image: a, env_file: db.env}}";
    const codesOf = (env: string) =>
      gateCompose(sampleInput({ files: { "compose.yaml": text, "db.env": env } })).map(({ code }) => code);
    expect(codesOf(enc)).toEqual(["K1346"]);
    expect(codesOf(`# ${enc}A=xENC[AES256_GCM,\n`)).toEqual([]);
  });

  it("may stand nowhere else when it is the .env of the project", () => {
    const withDotenv = (service: string) => {
      const of = input(service);
      return found({ ...of, dotenv: { path: "apps/a/.env", mode: "100644", bytes: opened.bytes } });
    };
    expect(withDotenv("environment: {PW: '${DB}'}")).toEqual([]);
    expect(withDotenv("hostname: '${DB}'")).toEqual([
      `K1304 services.a.hostname the variable DB carries the secret ${name}, which may not stand at services.a.hostname`,
    ]);
  });
});
