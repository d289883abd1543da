import { describe, expect, it } from "vitest";

import { gateCompose } from "./gate.ts";
import { repositoryInput, sampleInput } from "./sample-input.ts";

const web = "services: {web: {image: web}}";
const folder = "apps/wiki";
const at = (path: string) => `${folder}/${path}`;

type Sample = Omit<Parameters<typeof repositoryInput>[0], "folder">;

describe("a file that a Compose file of a repository names", () => {
  const common = {
    "common/base.yaml": web,
    "common/common.env": "A=1",
    "common/labels.env": "a=1",
    "apps/db/compose.yaml": "services: {db: {image: db}}",
  };

  it.each([
    "services: {app: {extends: {file: ../../common/base.yaml, service: web}}}",
    "{include: [../db/compose.yaml], services: {}}",
    "include: [{path: ../../common/base.yaml, project_directory: .., env_file: ../../common/common.env}]",
    "include: [{path: [../db/compose.yaml, ../../common/base.yaml], env_file: [/dev/null]}]",
    "services: {app: {image: app, env_file: ../../common/common.env, label_file: [../../common/labels.env]}}",
    "services: {app: {image: app, env_file: [{path: ../../common/absent.env, required: false}]}}",
    "services: {app: {image: app, volumes: ['../../common:/c:ro', './data:/d', '.:/all']}}",
    `services: {app: {image: app, volumes: ['./data/${"a".repeat(255)}:/d']}}`,
  ])("may lie anywhere in it: %s", (text) => {
    expect(gate(text, { files: common })).toEqual([]);
  });

  it.each([
    ["K1407", "services: {app: {extends: {file: ../../../base.yaml, service: web}}}", "climbs out"],
    ["K1407", "include: [../../common/absent.yaml]", "is not a file of the repository at this commit"],
    ["K1407", "include: [{path: ../db/compose.yaml, project_directory: ../../..}]", "climbs out"],
    ["K1407", "include: [{path: ../db/compose.yaml, env_file: /etc/environment}]", "path of the host"],
    ["K1407", "include: [{path: ../db/compose.yaml, env_file: ../../../.env}]", "climbs out"],
    ["K1407", "include: [{path: ../db/compose.yaml, new: 1}]", "has no key new"],
    ["K1407", "include: ['${HOME}/compose.yaml']", "holds a variable"],
    ["K1407", "include: ['${NOWHERE}/compose.yaml']", "holds a variable"],
    ["K1407", "include: ['${UP:-../../..}/compose.yaml']", "climbs out"],
    ["K1408", "services: {app: {image: app, env_file: '${ROOT:-/etc}/passwd'}}", "path of the host"],
    ["K1407", "include: [../db]", "is not a file"],
    ["K1408", "services: {app: {image: app, env_file: ../../../../etc/environment}}", "climbs out"],
    ["K1408", "services: {app: {image: app, label_file: /etc/hosts}}", "path of the host"],
    ["K1404", "services: {app: {image: app, volumes: ['../../../data:/d']}}", "climbs out"],
    ["K1404", "services: {app: {image: app, volumes: ['${UP}/x:/d']}}", "climbs out"],
    [
      "K1404",
      `services: {app: {image: app, volumes: ['./data/${"é".repeat(128)}:/d']}}`,
      "has a name of over 255 bytes",
    ],
    [
      "K1404",
      "services: {app: {image: app, volumes: [{type: bind, source: '../${UP}', target: /d}]}}",
      "climbs out",
    ],
  ])("must be refused (%s) elsewhere: %s", (code, text, message) => {
    const found = gate(text, { files: common, variables: { UP: "../../.." } });
    expect(found).toContainEqual({ code, message: expect.stringContaining(message) });
  });

  it("may be named by variables of .env, and is then the one that is judged", () => {
    const named =
      "services: {app: {extends: {file: '${TOP}/common/base.yaml', service: web}, env_file: '${F:-x.env}'}}";
    const found = (dotenv: string, variables: Record<string, string> = {}, settings: string[] = []) =>
      gate(named, { files: { ...common, [at(".env")]: dotenv }, variables, settings }).map(
        ({ message }) => message,
      );
    const whole = "TOP=../..\nF=${TOP}/common/common.env";
    expect(found(whole)).toEqual([]);
    expect(found(whole, { TOP: "../.." })).toEqual([]);
    expect(found("TOP=../..")).toEqual([
      "x.env is not a file of the repository at this commit, and not rendered either",
    ]);
    // The files of a repository are read before variables of package.yaml are rendered.
    expect(found(whole, { TOP: "." })).toContain(
      "${TOP}/common/base.yaml holds a variable, so it cannot be judged",
    );
    expect(found(whole, { TOP: ".." }, ["TOP"])).toEqual([
      "../common/base.yaml is not a file of the repository at this commit",
    ]);
    expect(found("TOP=nowhere\nF=../../common/common.env", { TOP: "../.." }, ["TOP"])).toEqual([]);
    const files = { "compose.yaml": "services: {app: {image: app, env_file: '${TAG}.env'}}", "1.env": "" };
    const inPackage = gateCompose(sampleInput({ files, variables: { TAG: "1" } }));
    expect(inPackage.map(({ code }) => code)).toEqual(["K1408"]);
  });

  it("is told at its folder where its path is none of the repository", () => {
    const composeFiles: Sample["composeFiles"] = ["../../../etc/passwd"];
    const input = repositoryInput({ folder, files: { [at("compose.yaml")]: web }, composeFiles });
    expect(gateCompose(input).map(({ code, file }) => [code, file])).toEqual([["K1416", folder]]);
  });

  it("must stay in the package of a release", () => {
    const files = { "compose.yaml": "services: {app: {image: app, env_file: sub/../a.env}}", "a.env": "" };
    expect(gateCompose(sampleInput({ files })).map(({ code }) => code)).toEqual(["K1408"]);
  });

  it("must not be named with more than a path in a file that is included for two folders, or extended", () => {
    const files = {
      ...common,
      "apps/db/compose.yaml":
        "include: [{path: more.yaml, project_directory: sub}]\nservices: {x: {image: x}}",
      "apps/db/more.yaml": web,
      "apps/other/more.yaml": web,
    };
    expect(gate("include: [../db/compose.yaml]", { files })).toEqual([]);
    const twice = "include: [../db/compose.yaml, {path: ../db/compose.yaml, project_directory: ../other}]";
    expect(gate(twice, { files })).toEqual([
      { code: "K1407", message: expect.stringContaining("included for two folders") },
    ]);
    const extended = "services: {y: {extends: {file: ../db/compose.yaml, service: x}}}";
    expect(gate(extended, { files })).toEqual([
      { code: "K1407", message: expect.stringContaining("services are extended") },
    ]);
  });

  it("may use !reset and !override, as Compose's own override files do", () => {
    const override = "services: {app: {ports: !override ['80:80'], command: !reset null}}";
    const files = { [at("compose.override.yaml")]: override };
    const composeFiles: Sample["composeFiles"] = ["compose.yaml", "compose.override.yaml"];
    expect(gate("services: {app: {image: app, command: x}}", { files, composeFiles })).toEqual([]);
  });
});

describe("a variable in a repository", () => {
  it.each([
    ["'${TAG}'", ["K1411"]],
    ["$TAG", ["K1411"]],
    ["'${TAG:-1}'", []],
    ["'${TAG-1}'", []],
    ["'a${TAG:+-b}'", []],
    ["'${TAG:?say it}'", ["K1411"]],
    ["'${A:-${TAG}}'", ["K1411"]],
    ["'$${TAG}'", []],
  ])("needs a declaration where it has no default: %s", (tag, codes) => {
    const text = `services: {app: {image: app, environment: {X: ${tag}}}}`;
    expect(gate(text).map(({ code }) => code)).toEqual(codes);
    expect(gate(text, { files: { [at(".env")]: "TAG=1" } })).toEqual([]);
    expect(gate(text, { variables: { TAG: "1" } })).toEqual([]);
  });

  it.each(["HOME", "PWD", "COMPOSE_PROJECT_NAME", "DOCKER_HOST"])(
    "must not be %s, also with a default or in .env, since Compose fills it in",
    (name) => {
      const text = `services: {app: {image: app, environment: {X: "\${${name}:-x}"}}}`;
      expect(gate(text, { files: { [at(".env")]: `${name}=x` } }).map(({ code }) => code)).toEqual(["K1411"]);
    },
  );

  it("must have its value in .env by .env alone", () => {
    const found = (text: string) =>
      gate("services: {app: {image: app}}", { files: { [at(".env")]: text }, variables: { TAG: "1" } });
    expect(found("A=1\nB=$A-${C:-2}")).toEqual([]);
    expect(found("B='$A' # $A")).toEqual([]);
    expect(found("B=x # of $HOME")).toEqual([]);
    expect(found("B=$TAG").map(({ code }) => code)).toEqual(["K1411"]);
    expect(found("B=$HOME").map(({ code }) => code)).toEqual(["K1411"]);
    expect(found("B").map(({ code }) => code)).toEqual(["K1409"]);
    expect(found("COMPOSE_FILE=a.yaml:$HOME\nCOMPOSE_PROFILES")).toEqual([]);
  });

  it("may come from the .env beside an include, for what is included alone", () => {
    const files = {
      "apps/db/compose.yaml": "services: {db: {image: 'db:${TAG}'}}",
      "apps/db/.env": "TAG=$ROOT",
    };
    const variables = { ROOT: "1" };
    expect(gate("include: [../db/compose.yaml]", { files, variables })).toEqual([]);
    const text = "{include: [../db/compose.yaml], services: {app: {image: '${TAG}'}}}";
    expect(gate(text, { files, variables }).map(({ code }) => code)).toEqual(["K1411"]);
    expect(gate("include: [../db/compose.yaml]", { files }).map(({ code }) => code)).toEqual(["K1411"]);
  });

  it("may stand in an env file when the service sets it, or a file before it does", () => {
    const files = { [at("a.env")]: "A=1", [at("b.env")]: "B=$A-$C-$D" };
    const variables = { D: "1" };
    const text = "services: {app: {image: app, environment: [C=1], env_file: [a.env, b.env]}}";
    expect(gate(text, { files, variables })).toEqual([]);
    const wrong = "services: {app: {image: app, env_file: [b.env, a.env]}}";
    expect(gate(wrong, { files, variables }).map(({ code }) => code)).toEqual(["K1411", "K1411"]);
  });

  it("may stand without a value under environment when it is declared", () => {
    const text = "services: {app: {image: app, environment: [TZ]}}";
    expect(gate(text).map(({ code }) => code)).toEqual(["K1409"]);
    expect(gate(text, { files: { [at(".env")]: "TZ=UTC" } })).toEqual([]);
    const home = "services: {app: {image: app, environment: {HOME: }}}";
    expect(gate(home, { files: { [at(".env")]: "HOME=/x" } }).map(({ code }) => code)).toEqual(["K1409"]);
  });

  it.each([
    ["A".repeat(1024 * 1024 + 1), ["K1418"]],
    ["V0=x\nV1=$V0$V0\nV2=$V1$V1", []],
    [["V0=xxxxxxxx", ...doubled(40)].join("\n"), ["K1428"]],
  ])("must not make .env grow too large (%#)", (text, codes) => {
    const found = gate("services: {app: {image: app}}", { files: { [at(".env")]: text } });
    expect(found.map(({ code }) => code)).toEqual(codes);
  });

  it("must count by its value in .env", () => {
    const text = "services: {app: {image: app, ports: ['${PORTS}:${PORTS}']}}";
    const found = (ports: string) => gate(text, { files: { [at(".env")]: `PORTS="${ports}"` } });
    expect(found("8000-8010")).toEqual([]);
    expect(found("1-60000").map(({ code }) => code)).toEqual(["K1428"]);
  });
});

describe("a service of a profile", () => {
  const text = "services: {app: {image: app}, dev: {image: dev, profiles: [dev, test], privileged: true}}";

  it("must be judged only where the profile is active", () => {
    expect(gate(text)).toEqual([]);
    expect(gate(text, { profiles: ["other"] })).toEqual([]);
    expect(gate(text, { profiles: ["test"] }).map(({ code }) => code)).toEqual(["K1401"]);
    expect(gate(text, { profiles: ["*"] }).map(({ code }) => code)).toEqual(["K1401"]);
    expect(gate(text.replace("[dev, test]", "['${P:-x}']")).map(({ code }) => code)).toEqual(["K1401"]);
  });

  it("must not need its image or its files where it is not active", () => {
    const dev = "services: {app: {image: app}, dev: {build: ., profiles: [dev], env_file: local.env}}";
    expect(gate(dev)).toEqual([]);
    expect(gate(dev, { profiles: ["dev"] }).map(({ code }) => code)).toEqual(["K1405", "K1408"]);
  });
});

describe("an active profile", () => {
  const text = "services: {app: {image: app, profiles: [$P]}, dev: {image: dev, profiles: [dev]}}";
  const of = (...profiles: string[]) => ({ profiles, said: profiles, variables: { P: "web" } });

  it("must be that of a service, where the environment says it", () => {
    expect(gate(text, of("dev", "web", "*"))).toEqual([]);
    expect(gateCompose(inputOf(text, of("devv")))).toMatchObject([
      {
        code: "K1334",
        path: "images.devv",
        message: "no service has the profile `devv`",
        hint: "did you mean `dev`?",
      },
    ]);
    const included = { "apps/db/compose.yaml": "services: {db: {image: db, profiles: [devv]}}" };
    expect(gate(`include: [../db/compose.yaml]\n${text}`, { ...of("devv"), files: included })).toEqual([]);
    const another = { "compose.yaml": "services: {app: {image: app}}" };
    expect(gateCompose(sampleInput({ files: another, profiles: ["x"], said: ["x"] }))).toMatchObject([
      { code: "K1334", hint: "Take it away." },
    ]);
  });
});

describe("a build", () => {
  const built = "services: {app: {build: {context: ., args: [NODE_VERSION, 'A=${UNDECLARED}']}}}";

  it("must have a published image", () => {
    expect(gateCompose(inputOf(built))).toMatchObject([
      {
        code: "K1405",
        path: "services.app.build",
        message: "app is built, and no published image stands for it",
        hint: expect.stringContaining('images: { "./apps/wiki/app": registry.example/app:1.0 }'),
      },
    ]);
    const files = { "compose.yaml": built };
    const [problem] = gateCompose(sampleInput({ files }));
    expect(problem?.hint).toContain('images: { "sample/core/app"');
  });

  it("is left alone beside an image, its own or the environment's", () => {
    expect(gate(built, { images: { app: "registry.example/app:1" } })).toEqual([]);
    expect(gate(built.replace("build:", "image: app, build:"))).toEqual([]);
    expect(gate("services: {app: {image: app, develop: {watch: [{path: ., action: sync}]}}}")).toEqual([]);
  });

  it("may be that of a service which is extended", () => {
    const text = `{services: {app: {extends: {file: ../../base.yaml, service: web}}}}`;
    const files = { "base.yaml": "services: {web: {build: .}}" };
    expect(gate(text, { files }).map(({ code }) => code)).toEqual(["K1405"]);
    expect(gate(text, { files, images: { app: "app:1" } })).toEqual([]);
  });

  it("must have its service, where the environment names an image for it", () => {
    expect(gateCompose(inputOf(built, { images: { app: "a:1", ap: "b:1" } }))).toMatchObject([
      {
        code: "K1442",
        file: "environments/lab/environment.yaml",
        line: 5,
        path: "images.ap",
        message: "there is no service `ap` for this image",
      },
    ]);
  });
});

/** Each has the one above it twice. */
function doubled(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `V${index + 1}=$V${index}$V${index}`);
}

function inputOf(text: string, { files, ...sample }: Partial<Sample> = {}) {
  return repositoryInput({ folder, ...sample, files: { [at("compose.yaml")]: text, ...files } });
}

function gate(text: string, sample: Partial<Sample> = {}) {
  return gateCompose(inputOf(text, sample)).map(({ code, message }) => ({ code, message }));
}
