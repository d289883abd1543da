import { chmod, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Registry, removeImages, runAgent, sharedEngine, startRegistry } from "../../support/index.ts";
import { expectReady } from "../faults/outcome.ts";
import { usePlatform } from "../platform.ts";
import { composeFile, oneService } from "../releases.ts";

describe("keelson stage", () => {
  let registry: Registry;
  const pulled: string[] = [];
  afterAll(async () => {
    await removeImages(await sharedEngine(), pulled);
    await registry[Symbol.asyncDispose]();
  });
  const platform = usePlatform({ release: oneService });
  const store = () => join(platform().stateDir, "store");
  const stage = async (...args: string[]) => {
    const ended = await platform().keelson(["stage", ...args, "--config", platform().config, "--json"]);
    const said: unknown = ended.stdout === "" ? null : JSON.parse(ended.stdout);
    return { ...ended, said };
  };
  /** What it says to a person who asked for too much. */
  const refuse = async (asked: string) => {
    const ended = await platform().keelson(["stage", asked, "--config", platform().config]);
    expect(ended.exitCode).toBe(1);
    return ended.stderr;
  };
  const entryOf = async (version: string) => {
    const name = (await readdir(store())).find((each) => each.endsWith(`-app-${version}`));
    return join(store(), name ?? "");
  };
  const isHere = async (reference: string) =>
    platform()
      .docker.getImage(reference)
      .inspect()
      .then(
        () => true,
        () => false,
      );
  let reference: string;
  /** The next version, which no lock names yet. */
  let ahead: string;

  beforeAll(async () => {
    registry = await startRegistry();
    expectReady(await platform().reconcile());
    // Somebody publishes a version with an image that only the registry has; the lock comes later.
    ({ reference } = await registry.push(platform().docker, platform().image("web:1")));
    pulled.push(reference);
    const lock = await readFile(join(platform().repository.path, platform().paths.lock), "utf8");
    await platform().upgrade({ [composeFile]: (text) => text.replace(/image: .*/, `image: ${reference}`) });
    ahead = await readFile(join(platform().repository.path, platform().paths.lock), "utf8");
    await platform().push({ [platform().paths.lock]: lock }, "not yet");
    expectReady(await platform().reconcile());
  });

  it("must bring a version that is not locked yet onto the node, with its images, and touch nothing", async () => {
    const before = await platform().containers();
    expect(await isHere(reference)).toBe(false);
    const { exitCode, said, stderr } = await stage("app@1.0.1");
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`pulling ${reference}`);
    expect(said).toMatchObject({
      release: { name: "app", version: "1.0.1" },
      files: "staged",
      images: [{ image: reference, result: "pulled" }],
      problems: [],
    });
    expect(await isHere(reference)).toBe(true);
    expect(await platform().containers()).toEqual(before);
    expect((await stage("list")).said).toMatchObject([
      { version: "1.0.0", state: "staged", because: "desired" },
      { version: "1.0.1", state: "staged", because: "newest" },
    ]);
  });

  it("must do nothing where all is there, and take the locked version where none is named", async () => {
    expect((await stage("app@1.0.1")).said).toMatchObject({
      files: "kept",
      images: [{ image: reference, result: "present" }],
    });
    expect((await stage("app")).said).toMatchObject({ release: { version: "1.0.0" }, files: "kept" });
  });

  it("must mend a staged version with a flipped bit by itself", async () => {
    const path = join(await entryOf("1.0.1"), composeFile);
    const right = await readFile(path);
    await chmod(path, 0o644);
    const flipped = Buffer.from(right);
    flipped[3] = (flipped[3] ?? 0) ^ 1;
    await writeFile(path, flipped);
    const found = await stage("verify", "app@1.0.1");
    expect(found.exitCode).toBe(1);
    expect(found.said).toMatchObject([{ version: "1.0.1", state: "changed", differing: [composeFile] }]);
    expect((await stage("list")).said).toMatchObject([{ state: "staged" }, { state: "changed" }]);
    expect((await stage("app@1.0.1")).said).toMatchObject({ files: "mended" });
    expect(await readFile(path)).toEqual(right);
    expect((await stage("verify")).exitCode).toBe(0);
  });

  it("must miss what the node needs and the store does not have, and what was named by mistake", async () => {
    const entry = await entryOf("1.0.0");
    await rename(entry, `${entry}-away`);
    const found = await stage("verify");
    await rename(`${entry}-away`, entry);
    expect(found.exitCode).toBe(1);
    expect(found.said).toContainEqual(expect.objectContaining({ version: "1.0.0", state: "missing" }));
    expect((await stage("verify")).exitCode).toBe(0);
    expect((await stage("verify", "apq")).exitCode).toBe(1);
  });

  it("must let a node that is cut off from the registry upgrade when the commit comes", async () => {
    await registry.stop();
    await platform().push({ [platform().paths.lock]: ahead }, "upgrade");
    const round = await platform().reconcile();
    await registry.start();
    expectReady(round);
    expect((await platform().container("web/web")).image).toBe(reference);
  });

  it("must say what is not there, and what of it is", async () => {
    expect(await refuse("app@7.0.0")).toMatch(/K1102[^]*Versions there: 1\.0\.1, 1\.0\.0/);
    expect(await refuse("ap")).toContain("K1114");
    expect(await refuse("app@")).toContain("K9010");
  });

  it("must not need Git for what is there", async () => {
    await platform().server.stop();
    const fromCopy = await stage("app@1.0.1");
    await rm(join(platform().stateDir, "git"), { recursive: true });
    const fromStore = await stage("app@1.0.1");
    const nowhere = await refuse("app@1.0.2");
    await platform().server.start();
    expect(fromCopy).toMatchObject({ exitCode: 0, said: { files: "kept", images: [{ result: "present" }] } });
    // Which images it would use stands in Git.
    expect(fromStore).toMatchObject({ exitCode: 1, said: { files: "kept", images: null } });
    expect(nowhere).toMatch(/K20\d\d/);
    expectReady(await platform().reconcile());
  });

  it("must remove what nothing needs, and leave what a container mounts", async () => {
    for (const text of ["a", "b", "c", "d"]) {
      await platform().upgrade({ "notes.txt": `${text}\n` });
      // Rounds make room by themselves: these are staged by hand alone.
      await stage(`app@1.0.${"abcd".indexOf(text) + 2}`);
    }
    const mounted = await entryOf("1.0.2");
    const image = platform().image("web:1");
    const container = await platform().docker.createContainer({
      Image: image,
      HostConfig: { Binds: [`${mounted}:/release:ro`] },
    });
    try {
      const { exitCode, said } = await stage("gc");
      expect(exitCode).toBe(0);
      // 1.0.1 is desired and was applied last; of the others the newest three, and the one that is mounted, stay.
      expect(said).toMatchObject({ removed: [{ version: "1.0.0", sizeBytes: expect.any(Number) }] });
      expect((await stage("list")).said).toMatchObject(
        ["1.0.1", "1.0.2", "1.0.3", "1.0.4", "1.0.5"].map((version) => ({ version })),
      );
    } finally {
      await container.remove({ force: true });
    }
    expect((await stage("gc")).said).toMatchObject({ removed: [{ version: "1.0.2" }] });
    expect((await stage("gc")).said).toMatchObject({ removed: [] });
  });

  it("must do nothing on a suspended node", async () => {
    const agent = async (...args: string[]) => runAgent([...args, "--config", platform().config]);
    await agent("suspend", "--reason", "a look");
    const refused = await refuse("app");
    await agent("resume");
    expect(refused).toContain("K9080");
  });
});
