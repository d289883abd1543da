import { chmod, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";

import { type ConsoleOptions, readPage, runConsole, shellEnvironment } from "../documents/example.ts";
import {
  checkout,
  copyCheckout,
  makeTempFolder,
  nixProgram,
  outputOf,
  runProgram,
  startEngine,
} from "../support/index.ts";

/** Builds on a busy machine take minutes. */
const timeoutMs = 300_000;

const cleanUp = new AsyncDisposableStack();
const withNixFolder = join(checkout, "test/nix/with-nix-folder");
let machine: ConsoleOptions & { shell: readonly [string, ...string[]] };

beforeAll(async () => {
  const home = cleanUp.use(await makeTempFolder("keelson-home-"));
  // Folders of a store are read-only.
  cleanUp.defer(async () => void (await outputOf(["chmod", "-R", "u+w", home.path])));
  const engine = cleanUp.use(await startEngine());
  const env = await shellEnvironment(home.path, { DOCKER_HOST: engine.dockerHost });
  machine = {
    env,
    timeoutMs,
    cwd: home.join("keelson"),
    shell: [withNixFolder, home.join("machine"), "bash"],
  };
  await writeCommands(home.join("bin"));
  await commitCheckout(machine.cwd, env);
  // What npm would fetch.
  await outputOf([...machine.shell, "script/nix-add-packages"], machine);
});
afterAll(async () => cleanUp.disposeAsync());

it("the page of Nix must answer what it shows", async () => {
  const { blocks } = await readPage("docs/nix.md");
  for (const block of blocks.filter(({ attributes }) => "nix" in attributes)) {
    expect(await runConsole(block, machine)).toBeNull();
  }
});

it.each(await readSteps())("the workflow must be able to: $name", async ({ run }) => {
  const command = [...machine.shell, "--noprofile", "--norc", "-eo", "pipefail", "-c", run] as const;
  const { exitCode, stdout, stderr } = await runProgram(command, machine);
  expect(exitCode, `${stdout}${stderr}`).toBe(0);
});

it("the workflow must need no secret, and no right but to read", async () => {
  const text = await readWorkflow();
  expect(text).not.toContain("secrets.");
  expect(parse(text)).toMatchObject({ permissions: { contents: "read" } });
});

async function readWorkflow(): Promise<string> {
  return await readFile(join(checkout, ".github/workflows/nix.yml"), "utf8");
}

/** The steps of the workflow that are commands. */
async function readSteps(): Promise<{ name: string; run: string }[]> {
  const workflow: { jobs: { build: { steps: { name: string; run?: string }[] } } } = parse(
    await readWorkflow(),
  );
  return workflow.jobs.build.steps.flatMap(({ name, run }) => (run === undefined ? [] : [{ name, run }]));
}

/** `nix` as who has a network calls it: what is at an address there is named here. */
async function writeCommands(folder: string): Promise<void> {
  const packages = `path:${join(checkout, ".keelson/nix/packages")}`;
  const nix = `#!/bin/sh
case "$1" in
  build | eval | flake)
    # The flake of a state repository has Keelson's as its input.
    if grep --quiet inputs.keelson flake.nix; then input=keelson/nixpkgs; else input=nixpkgs; fi
    set -- "$@" --override-input $input ${packages}
    ;;
esac
exec ${nixProgram} "$@"
`;
  await writeFile(join(folder, "nix"), nix);
  await chmod(join(folder, "nix"), 0o755);
  await symlink(`${nixProgram}-store`, join(folder, "nix-store"));
}

/** In `.keelson`, and with paths of the checkout in it. */
const ofOneCheckout = new Set(["env", "lock"]);

/** The checkout as it is, in a commit, with what script/setup has fetched for it. */
async function commitCheckout(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  await copyCheckout(folder);
  await mkdir(join(folder, ".keelson"));
  const fetched = (await readdir(join(checkout, ".keelson"))).filter((name) => !ofOneCheckout.has(name));
  for (const name of ["node_modules", ...fetched.map((each) => join(".keelson", each))]) {
    await symlink(join(checkout, name), join(folder, name));
  }
  const script = `git init --quiet --initial-branch=main
    echo node_modules >>.git/info/exclude
    git add --all && git commit --quiet --message "The checkout"`;
  await outputOf(["bash", "-ec", script], { cwd: folder, env });
}
