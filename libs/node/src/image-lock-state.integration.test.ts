import {
  type GitRepository,
  type Registry,
  makeGitRepository,
  publishImage,
  startRegistry,
} from "@keelson/test/support";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { findComposeBinary, makeImageLocks } from "./index.ts";

let registry: Registry;
let repository: GitRepository;
const rest = new AsyncDisposableStack();
beforeAll(async () => {
  registry = rest.use(await startRegistry());
  for (const tag of ["1", "2", "3"])
    await publishImage({
      origin: registry.origin,
      repository: "web",
      tag,
      platforms: ["linux/amd64"],
      words: tag,
    });
});
afterAll(async () => rest.disposeAsync());
beforeEach(async () => {
  repository = await makeGitRepository();
  return async () => repository[Symbol.asyncDispose]();
});

const image = (tag: string) => `${registry.host}/web:${tag}`;
const release = {
  "releases/shop/2.0.0/release.yaml": "name: shop\nversion: 2.0.0\npackages: [web]\nsettings: schema.json\n",
  "releases/shop/2.0.0/schema.json": '{ "properties": { "tag": { "type": "string" } } }',
  "releases/shop/2.0.0/packages/web/package.yaml":
    'name: web\nversion: 2.0.0\nvariables: { TAG: "{{ settings.tag }}" }\n',
};

async function lock(files: Record<string, string>, ...asked: string[]) {
  await repository.write(files);
  await repository.commit({ message: "files" });
  const progress: string[] = [];
  const { locks, ...said } = await makeImageLocks(repository.path, {
    asked,
    findComposeBinary: async () => findComposeBinary(process.env),
    dockerConfig: { configFile: "/nonexistent/config.json", isNamed: false },
    signal: new AbortController().signal,
    onProgress: (done, total) => progress.push(`${done}/${total}`),
  });
  return {
    locked: locks.map(({ owner, images }) => [owner, images.map(({ reference }) => reference)]),
    progress,
    ...said,
  };
}

test("each environment that uses a release says what its settings make of it, whatever its range is", async () => {
  const environment = (name: string, range: string, tag: string) => ({
    [`environments/${name}/environment.yaml`]: `name: ${name}\nreleases: { shop: ${range} }\ninstances:\n  web: { package: shop/web, on: { node: one } }\nsettings: { shop: { tag: "${tag}" } }\n`,
    [`environments/${name}/nodes/one.yaml`]: "name: one\n",
  });
  const compose = `services:\n  web: { image: "${registry.host}/web:\${TAG:-3}" }\n`;
  const found = await lock({
    ...release,
    "releases/shop/2.0.0/packages/web/compose.yaml": compose,
    ...environment("lab", "^2.0.0", "1"),
    ...environment("shop", "^1.0.0", "2"),
  });
  expect(found).toEqual({
    locked: [["shop@2.0.0", [image("1"), image("2"), image("3")]]],
    progress: ["0/3", "1/3", "2/3", "3/3"],
    problems: [],
    warnings: [],
  });
});

test("a release without an environment has the defaults of its Compose files, and says of what they are", async () => {
  const compose = `services:\n  web: { image: "${registry.host}/web:\${TAG:-3}" }\n  other: { image: "${image("1")}", profiles: [more] }\n`;
  const { locked, warnings } = await lock(
    { ...release, "releases/shop/2.0.0/packages/web/compose.yaml": compose },
    "shop",
  );
  expect(locked).toEqual([["shop@2.0.0", [image("1"), image("3")]]]);
  expect(warnings).toMatchObject([
    {
      code: "K1454",
      line: 2,
      message: `the image of web depends on \`TAG\`, which settings give, and is locked as ${image("3")} alone`,
    },
  ]);
});

test("a local package has what runs where it is placed; without a node, what its Compose file says", async () => {
  const local = {
    "environments/home/environment.yaml":
      "name: home\ninstances:\n  wiki: { package: ./apps/wiki, settings: { TAG: 2 } }\n",
    "apps/wiki/compose.yaml": `services:\n  web: { image: "${registry.host}/web:$TAG" }\n  spare: { image: "${image("3")}", profiles: [spare] }\n`,
    "apps/wiki/.env": "TAG=1\n",
  };
  expect((await lock(local, "./apps/wiki")).locked).toEqual([["./apps/wiki", [image("1"), image("3")]]]);
  const node = { "environments/home/nodes/one.yaml": "name: one\n" };
  const placed = {
    "environments/home/environment.yaml": local["environments/home/environment.yaml"].replace(
      "settings",
      "on: { node: one }, settings",
    ),
  };
  expect((await lock({ ...node, ...placed }, "./apps/wiki")).locked).toEqual([["./apps/wiki", [image("2")]]]);
});

test("a mistake in the package stops the lock, and is named", async () => {
  const found = await lock({
    ...release,
    "releases/shop/2.0.0/packages/web/compose.yaml": `services:\n  web: { image: "${registry.host}/Web:1" }\n`,
    "releases/shop/2.0.0/packages/web/package.yaml": "name: web\nversion: 2.0.0\n",
  });
  expect(found).toMatchObject({ locked: [], progress: [], problems: [{ code: "K1427", line: 2 }] });
});
