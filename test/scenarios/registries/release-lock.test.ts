import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import {
  type GitRepository,
  type PublishedImage,
  type Registry,
  makeGitRepository,
  makeTempFolder,
  publishImage,
  runKeelson,
  startRegistry,
} from "../../support/index.ts";
import { type Logins, makeLogins } from "./logins.ts";

const credentials = { username: "ada", password: "s3cret-of-the-registry" };
const folder = "releases/shop/1.2.0";
const lockFile = `${folder}/images.lock.yaml`;

let registry: Registry;
let logins: Logins;
let repository: GitRepository;
const rest = new AsyncDisposableStack();
beforeAll(async () => {
  registry = rest.use(await startRegistry({ credentials }));
  logins = await makeLogins(rest.use(await makeTempFolder()).path);
  await logins.store(registry.host, credentials);
});
afterAll(async () => rest.disposeAsync());

const publish = async (name: string, words = "", platforms = ["linux/amd64", "linux/arm64/v8"]) => {
  const [repositoryName = "", tag = ""] = name.split(":");
  return publishImage({
    origin: registry.origin,
    repository: repositoryName,
    tag,
    platforms,
    words,
    credentials,
  });
};
const image = (name: string) => `${registry.host}/${name}`;

beforeEach(async () => {
  repository = await makeGitRepository();
  await repository.write({
    ".gitattributes":
      "releases/** -text -ident -filter -export-subst -export-ignore -working-tree-encoding\n",
    [`${folder}/release.yaml`]: "name: shop\nversion: 1.2.0\npackages: [web]\nsettings: schema.json\n",
    [`${folder}/schema.json`]: '{ "properties": { "tag": { "type": "string" } } }',
    [`${folder}/packages/web/package.yaml`]:
      'name: web\nversion: 1.2.0\nvariables: { MAJOR: "1", TAG: "{{ settings.tag }}" }\n',
    [`${folder}/packages/web/compose.yaml`]: [
      "services:",
      `  web: { image: "${image("web:$MAJOR")}" }`,
      `  app: { image: "${image("app:$TAG")}" }`,
      `  fixed: { image: "${image(`web@sha256:${"0".repeat(64)}`)}" }`,
      "",
    ].join("\n"),
    "environments/lab/environment.yaml":
      "name: lab\nreleases: { shop: ^1.0.0 }\ninstances:\n  web: { package: shop/web, on: { node: one } }\n" +
      '  wiki: { package: ./apps/wiki, on: { node: one } }\nsettings: { shop: { tag: "7" } }\n' +
      `images: { ./apps/wiki/built: "${image("built:1")}" }\n`,
    "environments/lab/nodes/one.yaml": "name: one\n",
    "apps/wiki/compose.yaml": `services:\n  wiki: { image: "${image("wiki:$VERSION")}" }\n  built: { build: . }\n`,
    "apps/wiki/.env": "VERSION=3\n",
  });
  await repository.commit({ message: "shop" });
  for (const name of ["web:1", "app:7", "wiki:3", "built:1"]) await publish(name);
  return async () => repository[Symbol.asyncDispose]();
});

const keelson = async (...args: string[]) =>
  runKeelson(args, { cwd: repository.path, env: { DOCKER_CONFIG: join(logins.configFile, "..") } });
const lock = async (...asked: string[]) => keelson("release", "lock", ...asked);
const read = async (path: string) => readFile(join(repository.path, path), "utf8");
const isThere = (path: string) => existsSync(join(repository.path, path));
const entry = (name: string, { digest, platforms }: PublishedImage) =>
  [
    `  ${image(name)}:`,
    `    digest: ${digest}`,
    "    platforms:",
    ...Object.entries(platforms).map(([platform, id]) => `      ${platform}: ${id}`),
    "",
  ].join("\n");

describe("keelson release lock", () => {
  it("must lock each image of a release that is named by a tag, as settings make it here, and no other", async () => {
    const [web, app] = [await publish("web:1"), await publish("app:7")];
    const { stdout, stderr, exitCode } = await lock();
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect((await read(lockFile)).replace(/^#.*\n/, "")).toBe(
      `images:\n${entry("app:7", app)}${entry("web:1", web)}`,
    );
    expect(stdout).toContain(`${lockFile}: written`);
    expect(stdout).toContain(`+  ${image("app:7")}  ${app.digest.slice(0, 19)}  linux/amd64, linux/arm64/v8`);
    expect(isThere("apps/wiki/images.lock.yaml")).toBe(false);
    await keelson("lock");
    expect((await keelson("check")).stderr).toBe("");
  });

  it("must write nothing where nothing changed, and say what a tag that was pushed again names", async () => {
    await lock("shop");
    const path = join(repository.path, lockFile);
    const before = await stat(path, { bigint: true });
    expect((await lock("shop@1.2.0")).stdout).toContain(`${lockFile}: up to date`);
    expect((await stat(path, { bigint: true })).mtimeNs).toBe(before.mtimeNs);
    const text = await read(lockFile);
    const pushed = await publish("web:1", "pushed again");
    expect(await read(lockFile)).toBe(text);
    const { stdout } = await lock();
    expect(stdout).toContain(`→ ${pushed.digest.slice(0, 19)}`);
    expect(await read(lockFile)).toContain(entry("web:1", pushed));
    await publish("web:1");
  });

  it("must take away what no service has any more, and tell of the lock of an environment", async () => {
    await lock();
    await keelson("lock");
    const compose = `${folder}/packages/web/compose.yaml`;
    await repository.write({ [compose]: `services:\n  web: { image: "${image("web:1")}" }\n` });
    const { stdout } = await lock();
    expect(stdout).toMatch(/-\s+\S+app:7 .*no service has it/);
    expect(stdout).toContain("keelson lock -e lab writes it anew");
    expect(await read(lockFile)).not.toContain("app:7");
  });

  it("must lock a local package as it is placed, with the published image of a build", async () => {
    const { stderr, exitCode } = await lock("./apps/wiki/");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(
      (await read("apps/wiki/images.lock.yaml")).match(/^ {2}\S+(?=:$)/gm)?.map((line) => line.trim()),
    ).toEqual([image("built:1"), image("wiki:3")]);
    // From now on it is locked with what is to be published.
    expect((await lock()).stdout).toContain("apps/wiki/images.lock.yaml: up to date");
  });

  it("must name every image that has no digest, and write nothing", async () => {
    const compose = `${folder}/packages/web/compose.yaml`;
    await repository.write({
      [compose]: `services:\n  web: { image: "${image("web:1")}" }\n  none: { image: "${image("none:1")}" }\n  other: { image: "${image("web:99")}" }\n`,
    });
    const { stderr, exitCode } = await lock();
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error[K3002] ${compose}:3:11 there is no image ${image("none:1")}`);
    expect(stderr).toContain(`error[K3002] ${compose}:4:12 there is no image ${image("web:99")}`);
    expect(isThere(lockFile)).toBe(false);
  });

  it("must take a registry that is away for an error, and leave the lock as it is", async () => {
    await lock();
    const before = await read(lockFile);
    await registry.stop();
    const { stderr, exitCode } = await lock();
    await registry.start();
    expect(exitCode).toBe(1);
    expect(stderr.match(/error\[K3003\]/g)).toHaveLength(2);
    expect(stderr).toContain("ECONNREFUSED");
    expect(await read(lockFile)).toBe(before);
  });

  it("must not tell a registry's password, and say how to log in", async () => {
    const { stderr, stdout, exitCode } = await runKeelson(["release", "lock"], {
      cwd: repository.path,
      env: { DOCKER_CONFIG: join(repository.path, "no-docker") },
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("has no login for it");
    expect(stderr).toContain(`login ${registry.host}`);
    expect(stderr + stdout).not.toContain(credentials.password);
  });

  it("must not change what is published, and say so", async () => {
    await lock();
    await repository.commit({ message: "lock" });
    expect((await keelson("release", "publish", "shop@1.2.0")).exitCode).toBe(0);
    expect((await lock("shop@1.2.0")).stdout).toContain("up to date");
    expect((await lock()).stdout).toContain("No release is to be published");
    const text = await read(lockFile);
    await publish("web:1", "pushed after that");
    const { stderr, exitCode } = await lock("shop@1.2.0");
    await publish("web:1");
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`error[K1451] ${lockFile}:1:1 shop 1.2.0 is published`);
    expect(stderr).toContain(image("web:1"));
    expect(await read(lockFile)).toBe(text);
  });

  it("must tell of an image that only settings make known, where no environment gives them", async () => {
    await repository.write({
      "environments/lab/environment.yaml": "name: lab\ninstances:\n  wiki: { package: ./apps/wiki }\n",
    });
    const { stderr, exitCode } = await lock();
    expect(exitCode).toBe(0);
    expect(stderr).toContain("warning[K1454]");
    expect(stderr).toContain("the image of app depends on `TAG`, which settings give, and is not locked");
    expect(await read(lockFile)).toContain("web:1");
  });

  it("must be told what is not there", async () => {
    expect((await lock("shop@9.9.9")).stderr).toContain("error[K1102] there is no release `shop@9.9.9`");
    expect((await lock("./apps/wkii")).stderr).toContain("error[K1455]");
    const { stdout } = await keelson("release", "lock", "nothing", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "K1102" } });
  });

  it("must mend a lock that cannot be read, and print JSON", async () => {
    await repository.write({ [lockFile]: "images:\n  x: { digest: no }\n" });
    const { stdout, exitCode } = await lock("--json");
    expect(exitCode).toBe(0);
    const web = await publish("web:1");
    expect(JSON.parse(stdout)).toMatchObject({
      problems: [],
      warnings: [],
      locks: [
        {
          owner: "shop@1.2.0",
          file: lockFile,
          isChanged: true,
          images: expect.arrayContaining([{ reference: image("web:1"), before: null, after: web }]),
        },
      ],
    });
    expect(await read(lockFile)).toContain(entry("web:1", web));
  });

  it("must count as a digest where an environment requires them, and be told where it lacks an image", async () => {
    const path = "environments/lab/environment.yaml";
    await repository.write({ [path]: `${await read(path)}policy: { requireDigests: true }\n` });
    await lock();
    await keelson("lock");
    const before = await keelson("check");
    expect(before.stderr).toContain("error[K1313] apps/wiki/compose.yaml:2:11");
    expect(before.stderr).toContain("Run keelson release lock ./apps/wiki");
    expect(before.stderr).not.toContain(folder);
    await lock("./apps/wiki");
    expect(await keelson("check")).toMatchObject({ stderr: "", exitCode: 0 });
    await repository.write({ [path]: (await read(path)).replace("requireDigests: true", "partial: false") });
    const compose = "apps/wiki/compose.yaml";
    await repository.write({ [compose]: `${await read(compose)}  more: { image: "${image("web:1")}" }\n` });
    const { stderr, exitCode } = await keelson("check");
    expect(exitCode).toBe(0);
    expect(stderr).toContain("warning[K1453] apps/wiki/compose.yaml:4:");
    expect(stderr).toContain("which apps/wiki/images.lock.yaml does not lock");
  });
});
