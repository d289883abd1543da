import { describe, expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { fileOf, filesOf, lines } from "./test-files.ts";

const environment = "environments/home/environment.yaml";
const listed = "name: home\ninstances:\n  wiki: { package: ./apps/wiki }\n";
const home = { [environment]: listed, "environments/home/nodes/nas.yaml": "name: nas\n" };
const compose = "services: { wiki: { image: wiki:1 } }\n";

function read(texts: Record<string, string>) {
  const { repository, ...said } = readRepository(filesOf({ ...home, ...texts }));
  return {
    wiki: repository.local.get("./apps/wiki"),
    problems: lines(said.problems),
    warnings: lines(said.warnings),
  };
}

describe("a local package", () => {
  test("reaches what settings make of its paths, and has the same version all the same", () => {
    const texts = {
      "apps/wiki/compose.yaml": `include: ["../../common/\${WHICH}.yaml"]\n${compose}`,
      "apps/wiki/.env": "WHICH=blue\n",
      "common/blue.yaml": compose,
      "common/green.yaml": compose,
      "common/red.yaml": compose,
    };
    const settings = {
      [environment]: `name: home\ninstances:\n  wiki: { package: ./apps/wiki, settings: { WHICH: green } }\n`,
    };
    const { wiki: plain } = read(texts);
    const { wiki: set, problems } = read({ ...texts, ...settings });
    expect(problems).toEqual([]);
    expect([...(plain?.reached.keys() ?? [])]).toEqual(["common/blue.yaml"]);
    expect([...(set?.reached.keys() ?? [])]).toEqual(["common/blue.yaml", "common/green.yaml"]);
    expect(set?.version).toBe(plain?.version);
  });

  test("needs nothing but a Compose file, and no lock", () => {
    const { wiki, problems } = read({ "apps/wiki/compose.yaml": compose });
    expect(problems).toEqual([]);
    expect(wiki).toMatchObject({ folder: "apps/wiki", composeFiles: ["compose.yaml"], dotenv: null });
    expect(wiki?.package.value).toMatchObject({ name: "wiki", compose: "compose.yaml", files: [] });
    expect(wiki?.package.value.version).toBe(wiki?.version);
  });

  test.each([
    [["compose.yaml", "compose.yml", "docker-compose.yml"], ["compose.yaml"]],
    [["compose.yml", "docker-compose.yaml"], ["compose.yml"]],
    [
      ["docker-compose.yaml", "docker-compose.yml", "docker-compose.override.yml", "compose.override.yaml"],
      ["docker-compose.yml", "compose.override.yaml"],
    ],
    [
      ["docker-compose.yaml", "docker-compose.override.yaml"],
      ["docker-compose.yaml", "docker-compose.override.yaml"],
    ],
  ])("of %j has the Compose files that Compose takes: %j", (names, expected) => {
    const { wiki } = read(Object.fromEntries(names.map((name) => [`apps/wiki/${name}`, compose])));
    expect(wiki?.composeFiles).toEqual(expected);
  });

  test("has those that COMPOSE_FILE names, in that order, and those that package.yaml says before them", () => {
    const files = {
      "apps/wiki/compose.yaml": compose,
      "apps/wiki/prod.yaml": compose,
      "apps/base.yaml": compose,
      "apps/wiki/.env": "PORT=1\nCOMPOSE_FILE=../base.yaml:prod.yaml\n",
    };
    expect(read(files).wiki?.composeFiles).toEqual(["../base.yaml", "prod.yaml"]);
    expect([...(read(files).wiki?.reached.keys() ?? [])]).toEqual(["apps/base.yaml"]);
    const said = read({ ...files, "apps/wiki/package.yaml": "compose: compose.yaml\n" });
    expect(said.wiki?.composeFiles).toEqual(["compose.yaml"]);
    const separated = {
      "apps/wiki/.env": 'COMPOSE_PATH_SEPARATOR=","\nCOMPOSE_FILE="prod.yaml, compose.yaml" # both\n',
    };
    expect(read({ ...files, ...separated }).wiki?.composeFiles).toEqual(["prod.yaml", "compose.yaml"]);
  });

  test("must have the files that COMPOSE_FILE names", () => {
    const env = "# what runs\n\nCOMPOSE_FILE=compose.yaml:prod.yaml:../../../x.yaml:/etc/x.yaml\n";
    expect(read({ "apps/wiki/compose.yaml": compose, "apps/wiki/.env": env }).problems).toEqual([
      "K1127 apps/wiki/.env:3:1 COMPOSE_FILE names `../../../x.yaml`, which is no path of the repository that can be told",
      "K1127 apps/wiki/.env:3:1 COMPOSE_FILE names `/etc/x.yaml`, which is no path of the repository that can be told",
      "K1127 apps/wiki/.env:3:1 COMPOSE_FILE names `prod.yaml`, and the repository has no file apps/wiki/prod.yaml",
    ]);
  });

  test("must not steer Compose by its .env, and is told what nothing reads there", () => {
    const env =
      'export DOCKER_DIR=1\nDOCKER_HOST=tcp://a\nCOMPOSE_PROFILES=a, b\n  COMPOSE_PROJECT_NAME=books\nNOTE="two\nlines"\nCOMPOSE_HTTP_TIMEOUT=1\n';
    const { wiki, problems, warnings } = read({ "apps/wiki/compose.yaml": compose, "apps/wiki/.env": env });
    expect(problems).toEqual([
      "K1126 apps/wiki/.env:2:1 DOCKER_HOST would steer Compose or the engine on the node",
      "K1126 apps/wiki/.env:7:1 COMPOSE_HTTP_TIMEOUT would steer Compose or the engine on the node",
    ]);
    expect(warnings).toEqual([
      "K1128 apps/wiki/.env:4:1 nothing reads COMPOSE_PROJECT_NAME here: the environment says what a project is called",
    ]);
    expect(wiki?.profiles).toEqual(["a", "b"]);
    expect([...(wiki?.variables ?? [])]).toEqual([
      "DOCKER_DIR",
      "DOCKER_HOST",
      "NOTE",
      "COMPOSE_HTTP_TIMEOUT",
    ]);
  });

  test("has as variables what Compose fills into the environment of a service", () => {
    const services = `services:
  wiki: { image: wiki, environment: [TZ, "A=1", "B=$C"] }
  more: { image: more, environment: { LANG: , D: x } }
---
services: { wiki: { environment: [PUID] } }
`;
    const settled = listed.replace("./apps/wiki }", "./apps/wiki, settings: { TZ: UTC } }");
    const { wiki, problems } = read({ [environment]: settled, "apps/wiki/compose.yaml": services });
    expect(problems).toEqual([]);
    expect([...(wiki?.variables ?? [])].sort()).toEqual(["C", "LANG", "PUID", "TZ"]);
  });

  test("may have a package.yaml with all but a name and a version", () => {
    const files = {
      "apps/wiki/compose.yaml": 'services: { wiki: { image: "${IMAGE:-a}", ports: [$PORT] } }\n',
    };
    const manifest =
      "variables: { TITLE: x }\nservices: { wiki: server }\nfiles: [{ from: conf/, to: conf }]\n";
    const { wiki, problems } = read({
      ...files,
      "apps/wiki/package.yaml": manifest,
      "apps/wiki/conf/a": "1",
      "apps/wiki/conf/.gitkeep": "",
    });
    expect(problems).toEqual([]);
    expect([...(wiki?.variables ?? [])].sort()).toEqual(["IMAGE", "PORT", "TITLE"]);
    expect(wiki?.placed.map(({ to }) => to)).toEqual(["conf/a"]);
    expect(read({ ...files, "apps/wiki/package.yaml": "name: wikki\n" }).problems).toEqual([
      "K1009 apps/wiki/package.yaml:1:7 the package is called `wikki`, its folder `wiki`",
    ]);
  });

  test.each([
    ["./apps/wikki", "there is no folder ./apps/wikki in the repository"],
    ["./environments/home", "./environments/home lies in a folder of Keelson's own"],
    ["./docs", "./docs has no Compose file"],
  ])("%s must be a folder with a Compose file", (reference, message) => {
    const { problems } = read({
      [environment]: listed.replace("./apps/wiki", reference),
      "apps/wiki/compose.yaml": compose,
      "docs/README.md": "",
    });
    expect(problems).toEqual([
      `${reference.startsWith("./env") ? "K1119" : "K1120"} ${environment}:3:20 ${message}`,
    ]);
  });

  test("that is not there is not missed where its instance is absent", () => {
    const absent = listed.replace("./apps/wiki", "./apps/wiki, state: absent");
    expect(read({ [environment]: absent }).problems).toEqual([]);
  });

  test.each(["apps/wiki", "./apps/", "./../x", "./", "/srv/wiki", "./a\\b"])(
    "cannot be called %j",
    (reference) => {
      const { problems } = read({ [environment]: listed.replace("./apps/wiki", JSON.stringify(reference)) });
      const reason =
        "`package`: must be <release>/<package>, or the path of a local package such as ./apps/wiki";
      // Without its second dot a path is a package of a release.
      expect(problems.join("\n")).toContain(
        reference === "apps/wiki" ? "does not use a release `apps`" : reason,
      );
    },
  );

  test("is in no lock", () => {
    const lock = "releases: {}\ninstances: { wiki: { package: a/b, version: 1.0.0 } }\n";
    const { problems } = read({ "apps/wiki/compose.yaml": compose, "environments/home/lock.yaml": lock });
    expect(problems).toEqual([
      "K1103 environments/home/lock.yaml:2:14 instance `wiki` is locked, and the environment says ./apps/wiki, which no lock has",
    ]);
  });
});

describe("what a local package reaches", () => {
  const files = {
    "apps/wiki/compose.yaml": `include: [{ path: ../shared/db.yaml, env_file: ../shared/db.env }]
services:
  wiki:
    extends: { file: ../../common/base.yaml, service: base }
    env_file: [wiki.env, { path: ../shared/tz.env, required: false }]
    volumes: ["../shared/conf:/conf:ro", "data:/data", { type: bind, source: ../one.txt, target: /one }, "..:/all"]
`,
    "apps/wiki/wiki.env": "A=1\n",
    "common/base.yaml": "services: { base: { image: a, env_file: ./more/base.env } }\n",
    "common/more/base.env": "B=1\n",
    "common/other.yaml": "",
    "apps/shared/db.yaml": "services: { db: { image: db } }\n",
    "apps/shared/db.env": "",
    "apps/shared/.env": "",
    "apps/shared/tz.env": "",
    "apps/shared/conf/a/b": "",
    "apps/shared/unused": "",
    "apps/one.txt": "",
  };

  test("is every file that its Compose files name, and no other", () => {
    const { wiki, problems } = read(files);
    expect(problems).toEqual([]);
    expect([...(wiki?.reached.keys() ?? [])]).toEqual([
      "apps/one.txt",
      "apps/shared/.env",
      "apps/shared/conf/a/b",
      "apps/shared/db.env",
      "apps/shared/db.yaml",
      "apps/shared/tz.env",
      "common/base.yaml",
      "common/more/base.env",
    ]);
  });

  test("is found by variables of its .env, and from the folder of an include", () => {
    const { wiki } = read({
      "apps/wiki/.env": "TOP=../..\nSITE=${TOP}/site\n",
      "apps/wiki/compose.yaml": `include:
  - { path: ["\${TOP}/common/db.yaml", ../more/db.yaml], project_directory: "\${SITE}" }
  - { path: [../more/other.yaml, ../../common/cache.yaml] }
  - { path: ../more/top.yaml, project_directory: ../.. }
services:
  wiki: { image: a, env_file: ["\${SITE:-x}/wiki.env", "\${SETTING}/never.env"] }
`,
      "common/db.yaml": "services: { db: { image: db, env_file: db.env } }\n",
      "apps/more/db.yaml": "services: { db: { env_file: more.env } }\n",
      "apps/more/top.yaml": "services: { top: { image: a, env_file: site/top.env } }\n",
      "apps/more/other.yaml": "services: { other: { image: a } }\n",
      "common/cache.yaml": "services: { cache: { image: a, env_file: cache.env } }\n",
      ...Object.fromEntries(
        [
          "site/db.env",
          "site/top.env",
          "site/more.env",
          "site/wiki.env",
          "site/.env",
          "common/db.env",
          "apps/more/cache.env",
        ].map((path) => [path, ""]),
      ),
    });
    expect([...(wiki?.reached.keys() ?? [])]).toEqual([
      "apps/more/cache.env",
      "apps/more/db.yaml",
      "apps/more/other.yaml",
      "apps/more/top.yaml",
      "common/cache.yaml",
      "common/db.yaml",
      "site/.env",
      "site/db.env",
      "site/more.env",
      "site/top.env",
      "site/wiki.env",
    ]);
  });

  test("counts in its version, and nothing else of the repository does", () => {
    const versionWith = (change: Record<string, string>) => read({ ...files, ...change }).wiki?.version;
    const version = versionWith({});
    expect(versionWith({ "common/more/base.env": "B=2\n" })).not.toBe(version);
    expect(versionWith({ "apps/wiki/wiki.env": "A=2\n" })).not.toBe(version);
    expect(versionWith({ "apps/shared/unused": "2", "apps/wiki/.gitignore": "x" })).toBe(version);
  });

  test("may be behind a link, to a file or a folder of the repository", () => {
    const link = (path: string, to: string) => ({ ...fileOf(path, to), mode: "120000" as const });
    const linked = new Map(filesOf({ ...home, "apps/wiki/compose.yaml": compose, "common/conf/a": "1" }));
    for (const each of [link("apps/wiki/conf", "../../common/conf"), link("apps/wiki/out", "../../../etc")])
      linked.set(each.path, each);
    const { repository, problems } = readRepository(linked);
    expect([...(repository.local.get("./apps/wiki")?.files.keys() ?? [])]).toContain("conf/a");
    expect(lines(problems)).toEqual([
      "K1008 apps/wiki/out:1:1 a symbolic link that leads out of its folder, nowhere or in a circle",
    ]);
  });
});

test("the documents of local packages count among all documents, which may not be too large together", () => {
  const large = `# ${"x".repeat(255 * 1024)}\n`;
  const folders = Array.from({ length: 40 }, (_, at) => `apps/a${at}`);
  const files = folders.flatMap((folder) => [
    [`${folder}/package.yaml`, large],
    [`${folder}/compose.yaml`, compose],
  ]);
  const texts = { [environment]: "name: home\ndiscover: [{ path: apps/* }]\n", ...Object.fromEntries(files) };
  expect(read(texts).problems.map((line) => line.split(" ")[0])).toEqual(["K1006"]);
});
