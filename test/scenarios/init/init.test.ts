import { readFile, readdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

import { expect, it } from "vitest";

import { findFreePort, makeTempFolder, outputOf, runKeelson, uniqueName } from "../../support/index.ts";
import { gitEnvironment } from "../../support/git-repository.ts";
import { withPlatform } from "../platform.ts";

const image = "busybox:1.37";

it("keelson init --state must make what check and plan accept and an agent deploys", async () => {
  await using folder = await makeTempFolder();
  const state = folder.join("state");
  const environment = uniqueName("init");
  const names = ["-e", environment, "-n", "n1"];
  const made = await runKeelson(["init", "--state", state, ...names], { cwd: folder.path });
  expect(made).toMatchObject({ exitCode: 0, stderr: "" });
  expect(made.stdout).toContain("made    a Git repository with the branch main");
  const files = await readTree(state);
  for (const path of Object.keys(files)) expect(made.stdout).toContain(`wrote   ${path}\n`);

  // The next steps that it names, word by word.
  const steps = made.stdout.slice(made.stdout.indexOf("Next:\n")).trim().split("\n  ").slice(1);
  expect(steps.map((step) => step.split(" ").slice(0, 2).join(" "))).toEqual([
    "cd state",
    "keelson check",
    "keelson plan",
    "git add",
  ]);
  for (const step of steps.filter((each) => each.startsWith("keelson "))) {
    expect(await runKeelson(step.split(" ").slice(1), { cwd: state })).toMatchObject({ exitCode: 0 });
  }
  await outputOf(["bash", "-c", steps.at(-1) ?? "false"], { cwd: state, env: gitEnvironment() });
  expect(await outputOf(["git", "status", "--short"], { cwd: state })).toBe("");
  const { stdout } = await runKeelson(["plan", "--from", "none", "--revision", "HEAD", ...names], {
    cwd: state,
  });
  expect(stdout).toContain(`+ create   ${environment}-hello/web`);

  // An image of this machine in place of one from a registry, and a port that is free.
  const port = await findFreePort();
  const node = `environments/${environment}/nodes/n1.yaml`;
  const compose = "releases/hello/0.1.0/packages/web/compose.yaml";
  expect(files[compose]).toContain(image);
  const published = {
    ...files,
    [compose]: (files[compose] ?? "").replace(image, "IMAGES/hello:1"),
    [node]: `${files[node]}settings: { hello: { port: ${port} } }\n`,
  };
  await withPlatform({ name: environment, nodes: { n1: {} }, files: published }, async (platform) => {
    expect(await platform.reconcile()).toMatchObject({ exitCode: 0 });
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(page).toContain(`<h1>Hello from ${environment}</h1>`);
    expect(page).toContain(`<p>${environment} on n1</p>`);
    const { conditions } = await platform.status();
    expect(conditions.find(({ type }) => type === "Ready")).toMatchObject({ status: "true" });
  });
});

it("keelson init --state must change nothing that is there", async () => {
  await using folder = await makeTempFolder();
  const first = await runKeelson(["init", "--state", "--json"], { cwd: folder.path });
  const told = JSON.parse(first.stdout);
  expect(told).toMatchObject({
    folder: folder.path,
    environment: "lab",
    node: "lab-1",
    madeRepository: true,
    left: [],
    warnings: [],
  });
  const before = await readTree(folder.path);
  expect(told.written.toSorted()).toEqual(Object.keys(before).toSorted());
  await outputOf(["bash", "-c", "echo mine >README.md; rm flake.nix"], { cwd: folder.path });
  const again = JSON.parse((await runKeelson(["init", "--state", "--json"], { cwd: folder.path })).stdout);
  expect(again).toMatchObject({ madeRepository: false, written: ["flake.nix"] });
  expect(again.left.toSorted()).toEqual(
    Object.keys(before)
      .filter((path) => path !== "flake.nix")
      .toSorted(),
  );
  expect(await readTree(folder.path)).toEqual({ ...before, "README.md": "mine\n" });
});

it("keelson init --state must say at once which line the .gitattributes that is there lacks", async () => {
  await using folder = await makeTempFolder();
  const line = "releases/** -text -ident -filter -export-subst -export-ignore -working-tree-encoding";
  const init = async (...args: string[]) => runKeelson(["init", "--state", ...args], { cwd: folder.path });
  await writeFile(folder.join(".gitattributes"), "*.png binary\n");
  const made = await init();
  expect(made.exitCode).toBe(0);
  expect(made.stdout).toContain("left    .gitattributes  is there already\n");
  expect(made.stderr).toContain("warning[K1447] .gitattributes");
  expect(made.stderr).toContain(`Add the line: ${line}`);
  expect(JSON.parse((await init("--json")).stdout).warnings).toMatchObject([{ code: "K1447" }]);
  expect(await runKeelson(["check"], { cwd: folder.path })).toMatchObject({ exitCode: 1 });

  // What it names is all that is missing.
  await writeFile(folder.join(".gitattributes"), `*.png binary\n${line}\n`);
  expect(await init()).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await runKeelson(["check"], { cwd: folder.path })).toMatchObject({ exitCode: 0 });
});

it("keelson init must name what is wrong with a call before it writes anything", async () => {
  await using folder = await makeTempFolder();
  const run = async (...args: string[]) => runKeelson(["init", ...args], { cwd: folder.path });
  expect(await run()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--state") });
  expect(await run("--state", "-e", "My Lab")).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("K1007"),
  });
  expect(await run("--state", "-n", "../up")).toMatchObject({ exitCode: 1 });
  expect(await readdir(folder.path)).toEqual([]);
});

/** The files of a folder by path, without those of Git. */
async function readTree(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith(".git/"));
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await readFile(join(root, path), "utf8")] as const)),
  );
}
