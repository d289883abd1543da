import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { makeGitRepository, makeTempFolder } from "@keelson/test/support";
import { makeEmptyCopy } from "./local-copy.ts";
import { sourceLimits } from "./pack-limits.ts";
import type { PackLimits } from "./pack-limits.ts";
import { openPackReceiver } from "./pack-receiver.ts";
import type { PackReceiverInput } from "./pack-receiver.ts";
import { makePack } from "./test-pack.ts";

/** A repository with a history that Git packs by deltas, and an empty copy. */
async function setUp() {
  await using stack = new AsyncDisposableStack();
  const repository = stack.use(await makeGitRepository());
  const folder = stack.use(await makeTempFolder("keelson-pack-"));
  const text = Array.from({ length: 400 }, (_, line) => `line ${line} of a file`);
  for (let count = 0; count < 30; count++) {
    text[count * 10] = `changed in ${count}`;
    await repository.commit({ files: { [`folder-${count % 3}/file`]: text.join("\n"), many: `${count}` } });
  }
  await repository.git("tag", "--annotate", "--message=a tag", "v1");
  const gitDir = await makeEmptyCopy(folder.join("copy"));
  const cleanUp = stack.move();
  return {
    repository,
    gitDir,
    pack: async (...options: string[]) => {
      await repository.git("-c", "pack.threads=1", "repack", "-adfq", ...options);
      const packs = join(repository.path, ".git/objects/pack");
      const [name = ""] = (await readdir(packs)).filter((file) => file.endsWith(".pack"));
      const index = await readFile(join(packs, name.replace(/pack$/, "idx")));
      return { bytes: await readFile(join(packs, name)), index, name };
    },
    receive: async (bytes: Buffer, options: Partial<PackReceiverInput> & { limits?: PackLimits } = {}) => {
      const input = { gitDir, limits: sourceLimits, name: "the server", signal: AbortSignal.timeout(20_000) };
      await using receiver = await openPackReceiver({ ...input, ...options });
      for (let at = 0; at < bytes.length; at += 1_000) await receiver.write(bytes.subarray(at, at + 1_000));
      await receiver.install();
    },
    files: async () => (await readdir(join(gitDir, "objects/pack"))).sort(),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

it.each([
  ["", "true", []],
  [" that says by name what deltas stand on", "false", []],
  [" with long chains", "true", ["--depth=250", "--window=250"]],
] as const)("makes of a pack of Git's own%s the index that Git makes", async (_, usesOffsets, options) => {
  await using at = await setUp();
  await at.repository.git("config", "repack.useDeltaBaseOffset", usesOffsets);
  const { bytes, index, name } = await at.pack(...options);
  await at.receive(bytes);
  expect(await at.files()).toEqual([name.replace(/pack$/, "idx"), name]);
  expect(await readFile(join(at.gitDir, "objects/pack", name))).toEqual(bytes);
  expect(await readFile(join(at.gitDir, "objects/pack", name.replace(/pack$/, "idx")))).toEqual(index);
  await at.repository.git("--git-dir", at.gitDir, "fsck", "--strict");
});

it("leaves nothing of a pack that is refused, damaged or empty", async () => {
  await using at = await setUp();
  const { bytes } = await at.pack();
  const limits = { ...sourceLimits, objects: 10 };
  await expect(at.receive(bytes, { limits })).rejects.toMatchObject({ code: "K2017" });
  await expect(at.receive(bytes.subarray(0, -1))).rejects.toMatchObject({ code: "K2009" });
  await at.receive(makePack([]));
  expect(await at.files()).toEqual([]);
});

it("lets timers run while it works, and ends with its signal", async () => {
  await using at = await setUp();
  // Each takes a millisecond or so, and all of them come in a few packets.
  const content = Buffer.alloc(4 * 1024 * 1024);
  const pack = makePack(Array.from({ length: 400 }, () => ({ type: "blob", content }) as const));
  expect(pack.length).toBeLessThan(2_000_000);
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  await expect(at.receive(pack, { signal: stop.signal })).rejects.toMatchObject({ code: "K2005" });
  expect(await at.files()).toEqual([]);
});

it("K2012 where the disk does not take it", async () => {
  const input = { gitDir: "/dev/null/copy", limits: sourceLimits, name: "the server" };
  const opening = openPackReceiver({ ...input, signal: AbortSignal.timeout(1_000) });
  await expect(opening).rejects.toMatchObject({ code: "K2012" });
});
