import { unwatchFile, watchFile } from "node:fs";
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { waitFor } from "@keelson/test/support";
import { afterAll, beforeAll, expect, it } from "vitest";

import { openFileWatch } from "./file-watch.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "keelson-files-"));
});
afterAll(async () => rm(folder, { recursive: true }));

it("must tell of a file that comes, changes, is exchanged, forbidden or gone, and of no other", async () => {
  const changed: string[] = [];
  const files = openFileWatch((path) => changed.push(path));
  const [path, other] = [join(folder, "token"), join(folder, "other")];
  files.keep([path]);
  await untilWatched(path);
  // Each is one step, so that nobody can see half of it.
  const steps: [string, () => Promise<unknown>][] = [
    ["comes", async () => writeFile(other, "one").then(() => rename(other, path))],
    ["changes", () => appendFile(path, "two")],
    ["is exchanged", async () => writeFile(other, "two").then(() => rename(other, path))],
    ["is forbidden", () => chmod(path, 0)],
    ["goes", () => rm(path)],
  ];
  for (const [index, [what, step]] of steps.entries()) {
    await step();
    await waitFor(() => changed.length > index, { what: `a file that ${what}` });
    expect(changed).toEqual(Array.from({ length: index + 1 }, () => path));
  }
  files.keep([other]);
  await untilWatched(other);
  await writeFile(path, "three");
  await writeFile(other, "1");
  await readFile(path);
  await waitFor(() => changed.includes(other), { what: "the other file" });
  expect(changed.filter((each) => each === path)).toHaveLength(steps.length);
  files.keep([]);
});

it("must tell of a file behind links when one of them leads to another, as NixOS exchanges a machine's files", async () => {
  const inFolder = (name: string) => join(folder, name);
  for (const generation of ["1", "2"]) {
    await mkdir(inFolder(generation));
    await writeFile(join(inFolder(generation), "agent.yaml"), generation);
    // All files of a Nix store have this time.
    await utimes(join(inFolder(generation), "agent.yaml"), 1, 1);
  }
  const lead = async (generation: string) => {
    await symlink(generation, inFolder("next"));
    await rename(inFolder("next"), inFolder("static"));
  };
  const changed: string[] = [];
  const files = openFileWatch((path) => changed.push(path));
  files.keep([inFolder("agent.yaml")]);
  await untilWatched(inFolder("agent.yaml"));
  await lead("1");
  await symlink("static/agent.yaml", inFolder("agent.yaml"));
  await waitFor(() => changed.length === 1, { what: "a file that comes" });
  await lead("2");
  await waitFor(() => changed.length === 2, { what: "another file" });
  expect(changed).toEqual([inFolder("agent.yaml"), inFolder("agent.yaml")]);
  files.keep([]);
});

/** Comes when Node has seen that a watched file is not there, which it tells each listener once: a later one is a change. */
async function untilWatched(path: string): Promise<void> {
  const seen = Promise.withResolvers<void>();
  const listen = () => seen.resolve();
  watchFile(path, { persistent: false, interval: 2_000 }, listen);
  await seen.promise;
  unwatchFile(path, listen);
}
