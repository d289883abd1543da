import { lstat, mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";

import { makeTempFolder, runProgram } from "@keelson/test/support";
import { expect, it } from "vitest";

import { writeArchive } from "./archive-file.ts";

const archive = [Buffer.from("one "), Buffer.from("two")];
const content = "one two";

async function write(path: string, judge: (draft: string) => Promise<void> = async () => {}) {
  let written = "";
  for await (const chunk of writeArchive(path, { archive, judge })) written += Buffer.from(chunk).toString();
  return written;
}

it("writes a new file and over an old one, and hands on what it writes", async () => {
  await using home = await makeTempFolder();
  expect(await write(home.join("a.nar"))).toBe(content);
  await writeFile(home.join("b.nar"), "an older archive");
  await write(home.join("b.nar"));
  expect(await readFile(home.join("a.nar"), "utf8")).toBe(content);
  expect(await readFile(home.join("b.nar"), "utf8")).toBe(content);
  expect((await readdir(home.path)).sort()).toEqual(["a.nar", "b.nar"]);
});

it.each<[string, (path: string) => Promise<AsyncDisposable | null>]>([
  ["a pipe", async (path) => runProgram(["mkfifo", path]).then(() => null)],
  ["a folder", async (path) => mkdir(path).then(() => null)],
  ["a link", async (path) => symlink("target", path).then(() => null)],
  [
    "a socket",
    async (path) => {
      const server = createServer().listen(path);
      await once(server, "listening");
      return { [Symbol.asyncDispose]: async () => void (await once(server.close(), "close")) };
    },
  ],
])("never replaces %s, not even one that came meanwhile", async (kind, make) => {
  await using home = await makeTempFolder();
  const path = home.join("a.nar");
  await writeFile(home.join("target"), "kept");
  const refusal = {
    code: "K9084",
    message: `${path} is ${kind}, and an archive replaces no such thing`,
    hint: "Name an ordinary file, or one that does not exist yet.",
  };
  {
    await using _ = await make(path);
    const before = await lstat(path);
    await expect(write(path)).rejects.toMatchObject(refusal);
    expect((await lstat(path)).ino).toBe(before.ino);
    expect((await readdir(home.path)).sort()).toEqual(["a.nar", "target"]);
  }
  await rm(path, { recursive: true, force: true });

  await using stack = new AsyncDisposableStack();
  const late = write(path, async () => void stack.use(await make(path)));
  await expect(late).rejects.toMatchObject(refusal);
  expect((await readdir(home.path)).sort()).toEqual(["a.nar", "target"]);
  expect(await readFile(home.join("target"), "utf8")).toBe("kept");
});

it("gives the whole archive to be judged, and leaves what was there when it is refused", async () => {
  await using home = await makeTempFolder();
  const path = home.join("a.nar");
  await writeFile(path, "an older archive");
  const refused = write(path, async (draft) => {
    expect(await readFile(draft, "utf8")).toBe(content);
    throw new Error("refused");
  });
  await expect(refused).rejects.toThrow("refused");
  expect(await readFile(path, "utf8")).toBe("an older archive");
  expect(await readdir(home.path)).toEqual(["a.nar"]);
});
