import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it, describe } from "vitest";

import {
  type Registry,
  buildImageArchive,
  loadImages,
  removeImages,
  sharedEngine,
  startRegistry,
  uniqueName,
} from "../../support/index.ts";
import { expectReady } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";
import { composeFile, oneService } from "../releases.ts";

const repository = `${uniqueName("lk")}/web`;

describe("a release whose images are locked", () => {
  let registry: Registry;
  // The containers go first.
  afterAll(async () => {
    const pinned = Object.values(digests).map((digest) => `${registry.host}/${repository}@${digest}`);
    await removeImages(await sharedEngine(), [tag(), ...pinned]);
    await registry[Symbol.asyncDispose]();
  });
  const platform = usePlatform({
    release: oneService,
    environment: { policy: { requireDigests: false, requireLockDigests: false } },
  });
  /** By what the page says. */
  const digests: Record<string, string> = {};
  beforeAll(async () => {
    registry = await startRegistry();
    expectReady(await platform().reconcile());
    await publish("first");
  });
  const tag = () => `${registry.host}/${repository}:1`;
  /** Pushes other bytes, which no other run has, to the one tag; the engine forgets them. */
  const publish = async (word: string) => {
    const name = `${repository}:1`;
    const { docker } = platform();
    await loadImages(docker, [
      await buildImageArchive({ tag: name, files: { "/www/index.html": `${word} of ${repository}\n` } }),
    ]);
    const { pinned } = await registry.push(docker, name);
    await removeImages(docker, [name]);
    digests[word] = pinned.slice(pinned.indexOf("@") + 1);
  };
  const keelson = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await platform().keelson(args);
    if (exitCode !== 0) throw new Error(stdout + stderr);
    return stdout;
  };
  const git = async (...args: string[]) => platform().repository.git(...args);

  it("must be locked and published, and bring what its tag named onto a node before it is wanted there", async () => {
    await keelson("release", "new", "app@1.0.1");
    const compose = join(platform().repository.path, "releases/app/1.0.1", composeFile);
    const text = await readFile(compose, "utf8");
    await writeFile(compose, text.replace(/image: .*/, `image: ${tag()}`));
    expect(await keelson("release", "lock", "app@1.0.1")).toContain(digests["first"]?.slice(0, 19));
    await keelson("release", "publish", "app@1.0.1");
    await git("push", "--quiet", "origin", "main", "release/app/1.0.1");
    const before = await platform().containers();
    const staged = JSON.parse(await keelson("stage", "app@1.0.1", "--config", platform().config, "--json"));
    expect(staged).toMatchObject({
      files: "staged",
      images: [{ image: `${tag()}@${digests["first"]}`, result: "pulled" }],
    });
    expect(await platform().containers()).toEqual(before);
  });

  it("must run those bytes after its upgrade is merged, whatever the tag names by then, and without the registry", async () => {
    await publish("second");
    expect(digests["second"]).not.toBe(digests["first"]);
    await registry.stop();
    const environment = join(platform().repository.path, platform().paths.environment);
    await writeFile(
      environment,
      (await readFile(environment, "utf8")).replaceAll(/(require\w+): false/g, "$1: true"),
    );
    await git("commit", "--quiet", "--all", "--message", "digests are required");
    await keelson("upgrade", "app", "--branch");
    await git("checkout", "--quiet", "main");
    await git("merge", "--quiet", "--ff-only", "upgrade/app-1.0.1");
    await git("push", "--quiet", "origin", "main");
    const round = await platform().reconcile();
    await registry.start();
    expectReady(round);
    expect(await platform().pageOf("web/web")).toBe(`first of ${repository}\n`);
    const [service] = round.status.instances[0]?.services ?? [];
    expect(service?.image).toMatchObject({ want: tag(), locked: digests["first"], digest: digests["first"] });
    expect((await platform().reconcile()).output).toContain("nothing to do");
    expect(await keelson("where", "web", "--config", platform().config)).toMatch(
      /release 1\.0\.1[^]*-app-1\.0\.1 {2}verified/,
    );
  });

  it("must not be locked anew once it is published", async () => {
    const { exitCode, stderr } = await platform().keelson(["release", "lock", "app@1.0.1"]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining("error[K1451]")]);
    expect(await git("status", "--porcelain")).toBe("");
  });
});
