import { describe, expect, test } from "vitest";

import { readRepository } from "./repository.ts";
import { filesOf, lines } from "./test-files.ts";

const environment = "environments/home/environment.yaml";
const compose = "services: { a: { image: a } }\n";
const apps = { "apps/wiki/compose.yaml": compose, "apps/mail/docker-compose.yml": compose };

function read(text: string, files: Record<string, string>) {
  const { repository, problems } = readRepository(
    filesOf({
      [environment]: `name: home\n${text}\n`,
      "environments/home/nodes/nas.yaml": "name: nas\n",
      ...files,
    }),
  );
  const found = repository.environments.get("home")?.environment.value.instances ?? {};
  return { instances: found, problems: lines(problems) };
}

describe("discover", () => {
  test("makes an instance of each folder", () => {
    const files = {
      ...apps,
      "apps/README.md": "",
      "apps/.hidden/compose.yaml": compose,
      "apps/empty/.gitkeep": "",
    };
    expect(read("discover: [{ path: apps/*, on: { node: nas } }]", files)).toEqual({
      instances: {
        mail: { package: "./apps/mail", state: "running", on: { node: "nas" } },
        wiki: { package: "./apps/wiki", state: "running", on: { node: "nas" } },
      },
      problems: [],
    });
  });

  test("keeps the project that Compose gives the folder", () => {
    const { instances } = read("discover: [{ path: apps/wiki, project: folder }]", apps);
    expect(instances).toEqual({ wiki: { package: "./apps/wiki", state: "running", project: "wiki" } });
    const odd = { "apps/_My App.2/compose.yaml": compose };
    const text =
      'discover: [{ path: apps/*, project: folder }]\ninstances: { my: { package: "./apps/_My App.2" } }';
    expect(read(text, odd)).toMatchObject({ instances: { my: { project: "myapp2" } }, problems: [] });
    expect(
      read("discover: [{ path: apps/*, project: folder }]", { "apps/_/compose.yaml": compose }).problems,
    ).toEqual([`K1133 ${environment}:2:20 the folder \`apps/_\` gives no project name`]);
  });

  test("leaves a listed instance what it says, and gives it the rest", () => {
    const text = `discover: [{ path: apps/*, on: { node: nas }, project: folder }]
instances:
  wiki: { package: ./apps/wiki, settings: { PORT: 1 }, project: books }
  wiki-b: { package: ./apps/wiki }`;
    expect(read(text, apps)).toEqual({
      instances: {
        mail: { package: "./apps/mail", state: "running", on: { node: "nas" }, project: "mail" },
        wiki: {
          package: "./apps/wiki",
          state: "running",
          on: { node: "nas" },
          project: "books",
          settings: { PORT: 1 },
        },
        "wiki-b": { package: "./apps/wiki", state: "running" },
      },
      problems: [],
    });
  });

  test("gives what it finds in each environment that extends it", () => {
    const base = {
      "environments/base/environment.yaml":
        "name: base\ndiscover: [{ path: apps/* }]\ninstances: { x: { package: ./x } }\n",
    };
    const text =
      "extends: base\ndiscover: [{ path: media/* }]\ninstances: { wiki: { package: ./apps/wiki, state: absent } }";
    const { instances, problems } = read(text, {
      ...base,
      ...apps,
      "media/tv/compose.yaml": compose,
      "x/compose.yaml": compose,
    });
    expect(problems).toEqual([]);
    expect(Object.entries(instances).map(([name, { state }]) => [name, state])).toEqual([
      ["x", "running"],
      ["mail", "running"],
      ["wiki", "absent"],
      ["tv", "running"],
    ]);
  });

  test.each([
    [
      "nothing matches",
      "discover: [{ path: aps/* }]",
      {},
      ["K1121 :2:20 no folder of the repository matches `aps/*`"],
    ],
    [
      "a folder lost its Compose file",
      "discover: [{ path: apps/* }]",
      { "apps/old/data.txt": "" },
      ["K1120 :2:20 ./apps/old has no Compose file"],
    ],
    [
      "a folder has a name that is no instance's",
      "discover: [{ path: apps/* }]",
      { "apps/My_App/compose.yaml": compose },
      ["K1123 :2:20 the folder `apps/My_App` has a name that no instance can have"],
    ],
    [
      "a name is taken by another package",
      "discover: [{ path: apps/* }]\ninstances: { wiki: { package: ./apps/mail } }",
      {},
      ["K1125 :2:20 `apps/wiki` would be instance `wiki`, which is ./apps/mail"],
    ],
    [
      "two folders have one name",
      'discover: [{ path: "*/wiki" }]',
      { "media/wiki/compose.yaml": compose },
      ["K1125 :2:20 `media/wiki` would be instance `wiki`, and so would `apps/wiki`"],
    ],
    [
      "two entries match one folder",
      "discover: [{ path: apps/* }, { path: apps/wiki }]",
      {},
      [`K1124 :2:38 \`apps/wiki\` is matched by \`apps/*\` in ${environment}:2 already`],
    ],
    [
      "a pattern goes through folders",
      "discover: [{ path: apps/** }]",
      {},
      ["K1003 :2:20 `path`: must be a path such as apps/*, with * and ? for parts of names, found `apps/**`"],
    ],
  ])("says where %s", (_, text, files: Record<string, string>, expected) => {
    expect(
      read(text, { ...apps, ...files }).problems.map((line) => line.replace(`${environment}:`, ":")),
    ).toEqual(expected);
  });

  test("passes over the folders that it excepts", () => {
    const text = 'discover: [{ path: "*", except: [docs, My_App] }]';
    const files = {
      "wiki/compose.yaml": compose,
      "docs/a": "",
      "My_App/compose.yaml": compose,
      ".github/x": "",
    };
    expect(read(text, files)).toMatchObject({ instances: { wiki: {} }, problems: [] });
  });
});

test.each(["My App", "O.k", "OK", "a".repeat(60), "__proto__", "constructor"])(
  "a folder called %s concerns no instance but itself",
  (folder) => {
    const { repository, problems } = readRepository(
      filesOf({
        [environment]: "name: home\ndiscover: [{ path: apps/* }]\n",
        "environments/home/nodes/nas.yaml": "name: nas\n",
        ...apps,
        [`apps/${folder}/compose.yaml`]: compose,
      }),
    );
    expect(problems.map(({ code, instances }) => ({ code, instances }))).toEqual([
      { code: "K1123", instances: [folder] },
    ]);
    const found = repository.environments.get("home");
    expect(Object.keys(found?.environment.value.instances ?? {})).toEqual(["mail", "wiki"]);
    expect(found?.unnamed).toEqual([folder]);
  },
);
