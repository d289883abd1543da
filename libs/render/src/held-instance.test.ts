import { type Problem, problemOf } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { readRepository } from "../../manifest/src/index.ts";
import { withConcerned } from "./concerned-instance.ts";
import { type Models, build, corePackage, filesAfter, models, platform, withService } from "./fixture.ts";
import { renderFiles } from "./render-files.ts";
import { withSecretUsers } from "./secret-user.ts";

const environmentPath = "environments/lab/environment.yaml";
const lockPath = "environments/lab/lock.yaml";
const templatePath = `${corePackage}/config/core.yml.liquid`;
const storagePackage = "releases/sample/1.0.0/packages/storage/package.yaml";
const partial = `${platform[environmentPath]}policy: { partial: true }\n`;
const changed = (path: string, ...[from, to]: [string, string]) => ({
  [path]: (path === environmentPath ? partial : (platform[path] ?? "")).replace(from, to),
});

const withPolicy = (allow: string) => ({
  [environmentPath]: `${platform[environmentPath]}policy: { partial: true, allow: { ${allow} } }\n`,
});

function rendering() {
  const { repository } = readRepository(filesAfter({ [environmentPath]: partial }));
  return { repository, rendered: renderFiles(repository, { environment: "lab", node: "one" }).rendered };
}

/** What a node of the platform follows of a commit, as the walk finds it. */
function follow(
  changes: Readonly<Record<string, string | null>>,
  { made = models, node = "one" }: { made?: Models; node?: string } = {},
) {
  const read = readRepository(filesAfter({ [environmentPath]: partial, ...changes }));
  const { repository } = read;
  const documents = withConcerned(read.problems, {
    repository,
    environment: repository.environments.get("lab"),
  });
  const { rendered, problems } = renderFiles(repository, { environment: "lab", node });
  const built = build(rendered, { models: made, repository, problems: [...documents, ...problems] });
  return {
    followed: built.desired?.instances.map(({ name }) => name) ?? null,
    held: built.desired?.held.map(({ name, requires, isElsewhere }) => {
      if (isElsewhere) return `${name} elsewhere`;
      return requires === null ? name : `${name} requires ${requires}`;
    }),
    told: built.problems.map(({ code, instances }: Problem) =>
      [code, ...(instances ?? ["the whole commit"])].join(" "),
    ),
  };
}

describe("of a commit that is followed in part", () => {
  test("an instance with problems is held, and the others are followed", () => {
    expect(follow({})).toEqual({ followed: ["core", "storage"], held: [], told: [] });
    const left = { "environments/lab/compose/nope.yaml": "services: {}\n" };
    expect(follow(left)).toEqual({ followed: ["core", "storage"], held: [], told: ["K1115 nope"] });
    expect(follow({ [templatePath]: "{{ settings.domian }}\n" })).toEqual({
      followed: ["storage"],
      held: ["core"],
      told: ["K1302 core"],
    });
  });

  test.each<[string, Record<string, string | null>]>([
    ["has a problem", changed(storagePackage, "data: {", "nothing: {")],
    ["cannot be read", { [storagePackage]: "name: [" }],
    ["has a broken entry in environment.yaml", changed(environmentPath, "sample/storage }", "[sample] }")],
    [
      "is to be on a node that is not there",
      changed(environmentPath, "sample/storage }", "sample/storage, on: { node: two } }"),
    ],
    ["is to have a role that no node has", changed(storagePackage, "role: storage", "role: strange")],
  ])("what requires one that %s is held, too", (_what, changes) => {
    const { followed, held, told } = follow(changes);
    expect({ followed, held }).toEqual({ followed: [], held: ["core requires storage", "storage"] });
    expect(told).not.toEqual([]);
  });

  test("one whose problems may all pass is held until then", () => {
    const { rendered, repository } = rendering();
    const passing = (code: string): Problem => ({
      ...problemOf("a", { code, message: "" }),
      outcome: "transient",
    });
    const heldFor = (...problems: Problem[]) =>
      build(rendered, {
        models: models,
        repository,
        problems: problems.map((each) => ({ ...each, instances: ["core"] })),
      }).desired?.held.map(({ name, mayPass }) => [name, mayPass]);
    expect(heldFor(passing("K1422"))).toEqual([["core", true]]);
    expect(heldFor(passing("K1422"), problemOf("b", { code: "K1302", message: "" }))).toEqual([
      ["core", undefined],
    ]);
  });

  test("what joins a network is held with the instance that may own it", () => {
    const alone = changed(`${corePackage}/package.yaml`, "requires: { store: ^6.0.0 }\n", "");
    const changes = {
      ...alone,
      [templatePath]: "domain: {{ settings.domain }}\n",
      ...changed(storagePackage, "role: storage", 'variables: { X: "{{ settings.x }}" }'),
    };
    expect(follow(changes)).toMatchObject({ followed: [], held: ["core requires storage", "storage"] });
  });

  test("two that cannot be side by side are both held", () => {
    const ports = [{ target: 80, published: "80", protocol: "tcp", mode: "ingress" }];
    const made = withService("app", { ports });
    const db = { image: "db:1.0", networks: { stores: null }, ports };
    const both = { ...made, storage: { ...made.storage, services: { db } } };
    expect(
      follow(changed(storagePackage, "data:\n  data: { format: 6 }\n", ""), { made: both }),
    ).toMatchObject({
      followed: [],
      held: ["core", "storage"],
      told: ["K1312 core storage"],
    });
  });

  test("the settings of a release concern all its instances, and a Compose override its own", () => {
    const settings = { [environmentPath]: `${partial}settings: { sample: { domain: 5 } }\n` };
    expect(follow(settings)).toMatchObject({ followed: [], told: ["K1202 core storage"] });
    const files = { "environments/lab/compose/core.yaml": "services: {}\n" };
    const [problem] = withConcerned(
      [
        {
          code: "K1401",
          file: "environments/lab/compose/core.yaml",
          line: 1,
          column: 1,
          path: "",
          message: "",
        },
      ],
      { ...readRepository(filesAfter(files)), environment: environmentOf(files) },
    );
    expect(problem?.instances).toEqual(["core"]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      "an instance that the lock has otherwise",
      changed(lockPath, "sample/core, version: 1.0.0", "sample/core, version: 1.0.1"),
      "K1103 core",
    ],
    [
      "an instance that is not locked",
      changed(lockPath, "  core: { package: sample/core, version: 1.0.0 }\n", ""),
      "K1103 core",
    ],
    [
      "a version that is out of the range",
      changed(environmentPath, "^1.0.0", "^2.0.0"),
      "K1104 core storage",
    ],
    ["a grant", withPolicy("sample/core: { paths: 5 }"), "K1003 core"],
    ["a grant to all", withPolicy("'*': { paths: 5 }"), "K1003 the whole commit"],
    ["a published image", { [environmentPath]: `${partial}images: { sample/core/app: 5 }\n` }, "K1003 core"],
  ])("of %s, what it concerns is held", (_what, changes, told) => {
    const [, ...instances] = told.split(" ");
    const isWhole = instances[0] === "the";
    const result = follow(changes);
    expect(result.told).toEqual([told]);
    expect(result.followed).toEqual(
      isWhole ? null : ["core", "storage"].filter((name) => !instances.includes(name)),
    );
  });

  test("a value in Git holds the instances that it is for", () => {
    const enc = "ENC[AES256_GCM,data:eA==,iv:eA==,tag:eA==,type:str]";
    const sops = `sops: { age: [{ recipient: age1x, enc: x }], lastmodified: "2026", mac: "${enc}" }\n`;
    const sealed = (text: string) => ({ "environments/lab/secrets.sops.yaml": `${text}\n${sops}` });
    expect(follow(sealed('sample: { adminKey: "" }')).told).toEqual(["K1344 core storage"]);
    expect(follow(sealed('other: { adminKey: "" }')).told).toEqual(["K1344 the whole commit"]);
    expect(follow({ "environments/lab/secrets.sops.yaml": "sample: {}\n" }).told).toEqual([
      "K1344 the whole commit",
    ]);
  });

  test.each(["core", "nobody"])("a file of secrets for %s that is none holds nobody else", (instance) => {
    const result = follow({ [`environments/lab/secrets/${instance}.sops.yaml`]: "adminKey: plain\n" });
    expect(result.told).toEqual([`K1344 ${instance}`]);
    expect(result.followed).toEqual(["core", "storage"].filter((name) => name !== instance));
  });

  test("secrets that cannot be opened hold what uses one, and what may", () => {
    const unopened = problemOf("environments/lab/secrets.sops.yaml", { code: "K1342", message: "" });
    const usersOf = (template: string) => {
      const { repository } = readRepository(filesAfter({ [templatePath]: template }));
      return withSecretUsers([unopened], renderFiles(repository, { environment: "lab", node: "one" }))[0]
        ?.instances;
    };
    expect(usersOf("{{ secrets.adminKey }}\n")).toEqual(["core"]);
    expect(usersOf("{{ nothing.there }}\n")).toEqual(["core"]);
    expect(usersOf("plain\n")).toBeUndefined();
  });

  test("a command for an instance that is there no more holds nobody", () => {
    const leftover = {
      "environments/lab/nodes/one.yaml": `${platform["environments/lab/nodes/one.yaml"]}commands: { gone: { renew: 1 } }\n`,
    };
    expect(follow(leftover)).toEqual({ followed: ["core", "storage"], held: [], told: ["K1115 gone"] });
  });

  test("what is on another node is only told there", () => {
    const two = {
      "environments/lab/nodes/one.yaml": "name: one\n",
      "environments/lab/nodes/two.yaml": "name: two\nroles: [storage]\n",
      ...changed(environmentPath, "sample/core }", "sample/core, on: { node: one } }"),
      ...changed(`${corePackage}/package.yaml`, "requires: { store: ^6.0.0 }\n", ""),
      [templatePath]: "domain: {{ settings.domain }}\n",
      [storagePackage]: `${platform[storagePackage]}nothing: 1\n`,
    };
    const networks = { default: { name: "lab-core_default" } };
    const app = { image: "app:1.0", networks: { default: null } };
    const made = { ...models, core: { networks, services: { app } } };
    expect(follow(two, { made })).toEqual({ followed: ["core"], held: ["storage elsewhere"], told: [] });
    expect(follow(two, { made, node: "two" })).toEqual({
      followed: [],
      held: ["storage"],
      told: ["K1002 storage"],
    });
  });

  test("nothing is followed where a problem concerns all of it", () => {
    const whole = changed(environmentPath, "releases:", "unknown: 1\nreleases:");
    expect(follow(whole)).toMatchObject({ followed: null, told: ["K1002 the whole commit"] });
    expect(follow({ "environments/lab/lock.yaml": null }).followed).toBeNull();
  });
});

test("a commit is followed in part where there are only local packages, and else where the policy says so", () => {
  const isPartial = (text: string) => {
    const repository = readRepository(filesAfter({ [environmentPath]: text })).repository;
    return renderFiles(repository, { environment: "lab", node: "one" }).rendered?.partial;
  };
  const local = "name: lab\ninstances: { wiki: { package: ./apps/wiki } }\n";
  expect(isPartial(local)).toBe(true);
  expect(isPartial(`${local}policy: { partial: false }\n`)).toBe(false);
  expect(isPartial(`${local}releases: { sample: ^1.0.0 }\n`)).toBe(false);
  expect(isPartial(platform[environmentPath] ?? "")).toBe(false);
  expect(isPartial(partial)).toBe(true);
});

test("a commit with releases is followed whole or not at all, unless the policy says otherwise", () => {
  const changes = { [templatePath]: "{{ settings.domian }}\n" };
  expect(follow({ ...changes, [environmentPath]: platform[environmentPath] ?? "" }).followed).toBeNull();
  expect(
    follow({ ...changes, ...changed(environmentPath, "partial: true", "partial: false") }).followed,
  ).toBeNull();
});

function environmentOf(files: Record<string, string>) {
  return readRepository(filesAfter(files)).repository.environments.get("lab");
}
