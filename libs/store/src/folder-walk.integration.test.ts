import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, readdirSync, readlinkSync, renameSync, rmSync, truncateSync } from "node:fs";
import { chmod, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import * as fc from "fast-check";
import { isSystemError } from "@keelson/model";
import {
  type NixStore,
  checkout,
  makeNixStore,
  makeTempFolder,
  outputOf,
  runProgram,
} from "@keelson/test/support";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { dumpNar, findTreeFaults, narDigest } from "../../nar/src/index.ts";
import { arbitraryFolder, bytesOf, writeTree } from "../../nar/src/test-tree.ts";
import { walkFolder } from "./folder-walk.ts";

let store: NixStore;
beforeAll(async () => {
  store = await makeNixStore();
});
afterAll(async () => store[Symbol.asyncDispose]());

describe("the tree of a folder of the disk", () => {
  it("must have the archive and the digest that Nix gives it", async () => {
    await using home = await makeTempFolder();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryFolder, async (tree) => {
        const path = home.join(String(++count));
        await writeTree(tree, path);
        expect(await bytesOf(dumpNar(walkFolder(path)))).toEqual(await store.dump(path));
        expect(await narDigest(walkFolder(path))).toBe(await store.nix("hash", "path", path));
      }),
      { numRuns: 40 },
    );
  });

  it("must be what Nix takes for it where names are no text, modes are odd and nothing is inside", async () => {
    await using home = await makeTempFolder();
    const odd = Buffer.concat([Buffer.from(home.join("")), Buffer.from([0x2f, 0xff, 0xfe, 0x0a])]);
    await mkdir(odd);
    await writeFile(Buffer.concat([odd, Buffer.from("/\x80", "latin1")]), "x");
    await symlink(Buffer.from([0xff]), home.join("link"));
    await mkdir(home.join("empty"));
    for (const mode of [0o400, 0o644, 0o654, 0o645, 0o700, 0o4755]) {
      await writeFile(home.join(mode.toString(8)), "x");
      await chmod(home.join(mode.toString(8)), mode);
    }
    let deep = home.join("deep");
    for (let depth = 0; depth < 200; depth++) deep = join(deep, "n");
    await mkdir(deep, { recursive: true });
    expect(await narDigest(walkFolder(home.path))).toBe(await store.nix("hash", "path", home.path));
  });

  it("must be that of the folder which a link leads to", async () => {
    await using home = await makeTempFolder();
    await mkdir(home.join("folder"));
    await writeFile(home.join("folder/file"), "x");
    await symlink("folder", home.join("link"));
    expect(await narDigest(walkFolder(home.join("link")))).toBe(
      await narDigest(walkFolder(home.join("folder"))),
    );
  });

  it("must hold what is special, which is then a fault", async () => {
    await using home = await makeTempFolder();
    execFileSync("mkfifo", [home.join("pipe")]);
    expect(await findTreeFaults(walkFolder(home.path))).toEqual([
      { path: "pipe", kind: "special", message: "is a device, a pipe or a socket" },
    ]);
    await expect(narDigest(walkFolder(home.path))).rejects.toMatchObject({ code: "K9082" });
  });

  it("must leave no descriptor open, wherever reading ends", async () => {
    await using home = await makeTempFolder();
    await mkdir(home.join("a/b"), { recursive: true });
    await writeFile(home.join("a/b/file"), "x");
    for (let stop = 0; stop < 5; stop++) {
      let seen = 0;
      for (const _ of walkFolder(home.path)) {
        expect(listOpen(home.path)).not.toEqual([]);
        if (seen++ === stop) break;
      }
      expect(listOpen(home.path)).toEqual([]);
    }
  });
});

/** What this process has open below a folder. */
function listOpen(folder: string): string[] {
  return readdirSync("/proc/self/fd")
    .map((fd) => placeOf(`/proc/self/fd/${fd}`))
    .filter((path) => path.startsWith(folder));
}

/** Empty for a descriptor that is closed by now: other threads of this process have some, and so has the listing. */
function placeOf(descriptor: string): string {
  try {
    return readlinkSync(descriptor);
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error;
    return "";
  }
}

describe("a folder that cannot be read", () => {
  it.each([
    ["that is not there", "missing", "open: no such file or directory"],
    ["that is a file", "file", "open: not a directory"],
  ])("must be an error: one %s", async (_, name, cause) => {
    await using home = await makeTempFolder();
    await writeFile(home.join("file"), "x");
    const path = home.join(name);
    await expect(narDigest(walkFolder(path))).rejects.toMatchObject({
      code: "K9084",
      message: `${path} cannot be read`,
      cause: { message: cause },
    });
  });

  const large = 1024 * 1024;
  it.each<[string, (path: string) => void]>([
    ["longer", (path) => appendFileSync(path, "x")],
    ["shorter", (path) => truncateSync(path, large / 2)],
    ["empty", (path) => truncateSync(path, 0)],
  ])("must be an error: a file that becomes %s meanwhile", async (_, change) => {
    await using home = await makeTempFolder();
    const path = home.join("file");
    await writeFile(path, Buffer.alloc(large));
    const read = () => {
      for (const node of walkFolder(home.path)) {
        if (node.kind !== "file" || !(Symbol.iterator in node.chunks)) continue;
        let chunks = 0;
        for (const _ of node.chunks) if (chunks++ === 0) change(path);
      }
    };
    expect(read).toThrow(
      expect.objectContaining({ code: "K9084", message: `${path} changed while it was read` }),
    );
  });

  it("must not lead elsewhere, whatever is put into its place", async () => {
    await using home = await makeTempFolder();
    await mkdir(home.join("root/a"), { recursive: true });
    await mkdir(home.join("elsewhere/b"), { recursive: true });
    await writeFile(home.join("root/a/1"), "inside");
    await writeFile(home.join("root/a/2"), "inside");
    await writeFile(home.join("elsewhere/2"), "a secret");
    const contents: string[] = [];
    const read = () => {
      for (const node of walkFolder(home.join("root"))) {
        if (node.kind !== "file" || !(Symbol.iterator in node.chunks)) continue;
        for (const chunk of node.chunks) contents.push(Buffer.from(chunk).toString());
        if (contents.length > 1) continue;
        renameSync(home.join("root/a"), home.join("moved"));
        execFileSync("ln", ["-s", "../elsewhere", home.join("root/a")]);
      }
    };
    read();
    expect(contents).toEqual(["inside", "inside"]);
    rmSync(home.join("root/a"));
    renameSync(home.join("moved"), home.join("root/a"));
    const readLink = () => {
      for (const { kind, name } of walkFolder(home.join("root"))) {
        if (kind !== "file" || Buffer.from(name).toString() !== "1") continue;
        rmSync(home.join("root/a/2"));
        execFileSync("ln", ["-s", "../../elsewhere/2", home.join("root/a/2")]);
      }
    };
    expect(readLink).toThrow(expect.objectContaining({ code: "K9084" }));
  });
});

/** What Node runs of these sources in a folder without any package. */
async function alone(home: string, script: string): Promise<string> {
  const walk = ["walk", "error"].map((name) => `libs/store/src/folder-${name}.ts`);
  for (const path of ["libs/nar/src", ...walk])
    cpSync(join(checkout, path), join(home, path), { recursive: true });
  await writeFile(
    join(home, "script.ts"),
    `import { dumpNar, findFirstDifference, findTreeFaults, narDigest, readNar } from "./libs/nar/src/index.ts";
import { walkFolder } from "./libs/store/src/folder-walk.ts";
const [folder = ""] = process.argv.slice(2);
${script}`,
  );
  return join(home, "script.ts");
}

describe("the sources", () => {
  it("must run where no package is installed", async () => {
    await using home = await makeTempFolder();
    const script = await alone(
      home.path,
      `const archive: Uint8Array[] = [];
for await (const chunk of dumpNar(walkFolder(folder))) archive.push(Buffer.from(chunk));
if (await findFirstDifference(walkFolder(folder), readNar(archive)) !== null) throw new Error("they differ");
if ((await findTreeFaults(walkFolder(folder))).length > 0) throw new Error("it has faults");
console.log(await narDigest(readNar(archive)));
`,
    );
    const folder = join(checkout, "docs");
    const said = await outputOf([process.execPath, script, folder], { cwd: home.path });
    expect(said.trim()).toBe(await store.nix("hash", "path", folder));
  });

  it("must need little memory, however large a file is", async () => {
    await using home = await makeTempFolder();
    await mkdir(home.join("folder"));
    await writeFile(home.join("folder/large"), "");
    await truncate(home.join("folder/large"), 1024 ** 3);
    const script = await alone(
      home.path,
      `const digest = await narDigest(readNar(dumpNar(walkFolder(folder))));
if (await findFirstDifference(walkFolder(folder), readNar(dumpNar(walkFolder(folder)))) !== null) throw new Error("they differ");
console.log(digest, process.resourceUsage().maxRSS);
`,
    );
    const { stdout, stderr } = await runProgram([process.execPath, script, home.join("folder")]);
    const [digest = "", peakKib = ""] = stdout.trim().split(" ");
    expect(stderr).toBe("");
    expect(digest).toBe(await store.nix("hash", "path", home.join("folder")));
    // An empty Node has some 45 MiB.
    expect(Number(peakKib)).toBeLessThan(200 * 1024);
    expect(Number(peakKib)).toBeGreaterThan(10 * 1024);
  });
});
