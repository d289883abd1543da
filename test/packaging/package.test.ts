import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makePackage } from "../../packaging/npm-package.ts";
import { usePlatform } from "../scenarios/platform.ts";
import {
  type TempFolder,
  checkout,
  makeTempFolder,
  outputOf,
  plainEnvironment,
  runProgram,
} from "../support/index.ts";
import { provideNode } from "./private-programs.ts";

const release = `
-- packages/web/compose.yaml --
services:
  web: { image: "IMAGES/web:1", init: true, volumes: ["./conf:/conf:ro"] }
-- packages/web/package.yaml --
files: [{ template: page.liquid, to: conf/page, onChange: none }]
-- packages/web/page.liquid --
{{ instance.name }}
`;

let folder: TempFolder;
/** Where the package was installed. */
let installed: string;
let archive: string;

beforeAll(async () => {
  folder = await makeTempFolder("keelson-package-");
  ({ archive } = await makePackage({ outDir: folder.join("dist") }));
  // No network is needed: the package needs no other.
  await outputOf([
    "npm",
    "install",
    "--offline",
    "--no-audit",
    "--no-fund",
    "--prefix",
    folder.path,
    archive,
  ]);
  installed = folder.join("node_modules/keelson");
});
afterAll(async () => folder[Symbol.asyncDispose]());

describe("the package", () => {
  it("must have the same bytes when it is made again", async () => {
    const again = await makePackage({ outDir: folder.join("second") });
    expect(Buffer.compare(await readFile(again.archive), await readFile(archive))).toBe(0);
  });

  it("must come alone, and hold no path of the machine it was made on", async () => {
    expect((await readdir(folder.join("node_modules"))).filter((name) => !name.startsWith("."))).toEqual([
      "keelson",
    ]);
    for (const text of await textsIn(installed)) expect(text).not.toContain(checkout);
  });

  it("must hold the licence of everything that is in it", async () => {
    const notice = await readFile(join(installed, "NOTICE"), "utf8");
    const names = (await textsIn(join(installed, "bin"))).flatMap((text) =>
      [...text.matchAll(/^\/\/ node_modules\/.*node_modules\/((?:@[\w.-]+\/)?[\w.-]+)\//gm)].map(
        ([, name = ""]) => name,
      ),
    );
    expect(new Set(names).size).toBeGreaterThan(30);
    for (const name of new Set(names)) expect(notice).toMatch(new RegExp(`^${name} .* \\(`, "m"));
  });
});

describe("the operations page", () => {
  it("must say how npm installs the archive, word by word", async () => {
    const page = await readFile(join(checkout, "docs/operations.md"), "utf8");
    const { version } = JSON.parse(await readFile(join(checkout, "package.json"), "utf8"));
    const line = /^npm install --global (.*)$/m.exec(page)?.[1] ?? "";
    expect(line).toContain(`keelson-${version}.tgz`);
    const prefix = folder.join("global");
    const quiet = ["--offline", "--no-audit", "--no-fund", "--prefix", prefix];
    await outputOf(["npm", "install", "--global", ...line.split(" "), ...quiet], { cwd: folder.path });
    const root = await outputOf(["npm", "root", "--global", "--prefix", prefix]);
    const shipped = await readdir(join(root.trim(), "keelson"));
    expect(shipped).toEqual(expect.arrayContaining(["keelson-agent.service", "compose.yaml", "Dockerfile"]));
    expect(await outputOf([join(prefix, "bin/keelson"), "version"])).toBe(`${version}\n`);
    // Where `man` looks for the pages of a program in `bin`.
    const manuals = await readdir(join(prefix, "share/man/man1"));
    expect(manuals.sort()).toEqual(["keelson-agent.1", "keelson.1"]);
  });
});

describe.each(["12", "20", "22.12.0"])("with Node %s, which is too old", (version) => {
  it.each(["keelson", "keelson-agent"])("%s must say so in one sentence", async (program) => {
    const node = await provideNode(version);
    const ended = await runProgram([node, join(installed, `bin/${program}.js`), "--version"]);
    expect(ended).toEqual({
      exitCode: 1,
      signal: null,
      stdout: "",
      stderr: expect.stringMatching(
        new RegExp(`^${program} needs Node 22\\.13 or newer, and \\S+/node is ${version}\\S*\\.\n$`),
      ),
    });
  });
});

describe("what is loaded", () => {
  it("must be little by the agent that stays", async () => {
    const watch = (await readdir(join(installed, "bin/parts"))).filter((name) => name.startsWith("watch-"));
    const loaded = await closure(watch.map((name) => join(installed, "bin/parts", name)));
    expect(loaded.foreign).toEqual([]);
    expect(loaded.bytes).toBeLessThan(120_000);
  });

  it("must be little by keelson before a command runs", async () => {
    const start = join(installed, "bin/start/keelson.js");
    const main = /import\("\.\.\/(parts\/main-\w+\.js)"\)/.exec(await readFile(start, "utf8"))?.[1] ?? "";
    const loaded = await closure([start, join(installed, "bin", main)]);
    expect(loaded.foreign).toEqual([]);
    // Most of it is commander.
    expect(loaded.bytes).toBeLessThan(200_000);
  });
});

// The oldest of the manifest's `engines`, and what is newer.
describe.each(["22.13.0", "24", "26"])("with Node %s", (version) => {
  const platform = usePlatform({ release });
  let node: string;
  beforeAll(async () => {
    node = await provideNode(version);
  });
  const run = async (program: string, ...args: string[]) => runWith({}, program, ...args);
  const runWith = async (extra: Record<string, string | undefined>, program: string, ...args: string[]) => {
    const path = `${dirname(node)}:${process.env["PATH"]}`;
    const { dockerHost, repository } = platform();
    const env = plainEnvironment({ PATH: path, DOCKER_HOST: dockerHost, ...extra });
    return await runProgram([folder.join("node_modules/.bin", program), ...args], {
      env,
      cwd: repository.path,
    });
  };

  it("keelson must check, plan and explain, and print no warning", async () => {
    const { config } = platform();
    const { version } = JSON.parse(await readFile(join(checkout, "package.json"), "utf8"));
    const ended = { exitCode: 0, signal: null, stderr: "" };
    expect(await run("keelson", "version")).toEqual({ ...ended, stdout: `${version}\n` });
    expect(await run("keelson", "check")).toMatchObject({ ...ended, stdout: expect.stringMatching(/^ok/) });
    const plan = await run("keelson", "plan", "--config", config);
    expect(plan).toMatchObject({ ...ended, stdout: expect.stringContaining("1 to create") });
    const explained = await run("keelson", "explain", "K1302");
    expect(explained).toMatchObject({ ...ended, stdout: expect.stringContaining("undefined variable") });
  });

  it("keelson must keep what Node compiled in the folder that it is given, and do without one", async () => {
    await using cache = await makeTempFolder("keelson-cache-");
    const given = { NODE_COMPILE_CACHE: undefined, CACHE_DIRECTORY: cache.join("made") };
    expect(await run("keelson", "check")).toMatchObject({ exitCode: 0 });
    expect(await runWith(given, "keelson", "check")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await readdir(cache.join("made"))).not.toEqual([]);
    await rm(cache.join("made"), { recursive: true });
    await writeFile(cache.join("made"), "a file in its way");
    expect(await runWith(given, "keelson", "check")).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("keelson-agent must bring a node to its desired state, and find nothing to do afterwards", async () => {
    const { config } = platform();
    const first = await run("keelson-agent", "reconcile", "--config", config, "--log", "human");
    expect(first).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await platform().exec("web/web", "cat", "/conf/page")).toBe("web\n");
    const second = await run("keelson-agent", "reconcile", "--config", config, "--log", "human");
    expect(second).toMatchObject({ exitCode: 0, stderr: "" });
    expect(second.stdout).toContain("nothing to do");
    expect(await run("keelson", "status", "--local", "--config", config)).toMatchObject({
      exitCode: 0,
      stderr: "",
      stdout: expect.stringContaining("ready"),
    });
  });
});

/** What files load at once, by their own imports: its size, and what is neither Node's nor the bundle's. */
async function closure(paths: string[]): Promise<{ bytes: number; foreign: string[] }> {
  const seen = new Set<string>();
  const foreign: string[] = [];
  let bytes = 0;
  const load = async (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = await readFile(path, "utf8");
    bytes += text.length;
    for (const [, name = ""] of text.matchAll(/^(?:import|export)\b[^;]*?"([^"\n]+)";$/gm)) {
      if (name.startsWith(".")) await load(join(dirname(path), name));
      else if (!name.startsWith("node:")) foreign.push(name);
    }
  };
  for (const path of paths) await load(path);
  expect(seen.size).toBeGreaterThan(paths.length);
  return { bytes, foreign };
}

async function textsIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return await Promise.all(
    files.map(async ({ parentPath, name }) => readFile(join(parentPath, name), "utf8")),
  );
}
