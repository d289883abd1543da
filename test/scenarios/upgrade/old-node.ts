import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type Docker from "dockerode";
import { expect } from "vitest";
import { checkout, outputOf, waitFor } from "../../support/index.ts";
import { findCompose } from "../compose-program.ts";
import type { Platform } from "../platform.ts";
import { parseFiles } from "../repository-text.ts";
import { tellingImage } from "../telling-image.ts";

const fixture = join(checkout, "test/fixtures/node-0.1");

type StoredFile =
  | { kind: "folder"; path: string; mode: string }
  | { kind: "file"; path: string; mode: string; content: string }
  | { kind: "link"; path: string; target: string };

type Texts = Record<string, string>;

interface StoredEngine {
  networks: { name: string; driver: string; internal: boolean; options: Texts; labels: Texts }[];
  volumes: { name: string; driver: string; options: Texts; labels: Texts }[];
  containers: StoredContainer[];
}

interface StoredContainer {
  name: string;
  state: string;
  exitCode: number;
  labels: Texts;
  /** RW is there where it is true. */
  mounts: { Type: string; Name?: string; Source?: string; Destination: string; RW?: boolean }[];
  networks: Record<string, { aliases: string[] }>;
}

/** What the old node was told, for `withPlatform`. Its environment's name stands in all digests. */
export async function readOldPlatform() {
  const files = parseFiles(await readFile(join(fixture, "repository.txt"), "utf8"));
  return { name: "node01", files, images: { "app:1": tellingImage } };
}

/** Makes all that the old agent left on its node, the containers by real Compose. `change` is done to the record. */
export async function restoreOldNode(platform: Platform, change: string): Promise<void> {
  const { docker, folder } = platform;
  const commit = await outputOf(["git", "rev-parse", "HEAD"], { cwd: platform.repository.path });
  const known = new Map([
    ["@folder@", folder],
    ["@engine@", platform.dockerHost ?? ""],
    ["@url@", platform.server.url("platform")],
    ["@commit@", commit.trim()],
  ]);
  const files: StoredFile[] = JSON.parse(await readFitted("files.json", known));
  for (const file of files) await placeFile(folder, file);
  const engine: StoredEngine = JSON.parse(await readFitted("engine.json", known));
  await makeNetworksAndVolumes(docker, engine);
  for (const instance of ["core", "edge"]) await createContainers(platform, instance);
  // By their names: what lives in the network of another one comes after it.
  for (const container of engine.containers) await startContainer(docker, container);
  for (const container of engine.containers) {
    known.set(`@container/${container.name}@`, await settledContainer(docker, container));
  }
  const record = join(platform.stateDir, "record.db");
  using database = new DatabaseSync(record);
  database.exec(await readFitted("record.sql", known));
  database.exec(change);
  await chmod(record, 0o600);
}

/** A text of the fixture with this node's own in the places that it leaves. */
async function readFitted(name: string, known: ReadonlyMap<string, string>): Promise<string> {
  const text = await readFile(join(fixture, name), "utf8");
  return [...known].reduce((all, [place, value]) => all.replaceAll(place, value), text);
}

async function placeFile(folder: string, file: StoredFile): Promise<void> {
  const path = join(folder, file.path);
  if (file.kind === "link") {
    await symlink(file.target, path);
    return;
  }
  if (file.kind === "folder") await mkdir(path);
  else await writeFile(path, file.content);
  await chmod(path, Number.parseInt(file.mode, 8));
}

async function makeNetworksAndVolumes(docker: Docker, { networks, volumes }: StoredEngine): Promise<void> {
  for (const { name, driver, internal, options, labels } of networks) {
    await docker.createNetwork({
      Name: name,
      Driver: driver,
      Internal: internal,
      Options: options,
      Labels: labels,
    });
  }
  for (const { name, driver, options, labels } of volumes) {
    await docker.createVolume({ Name: name, Driver: driver, DriverOpts: options, Labels: labels });
  }
}

async function createContainers(platform: Platform, instance: string): Promise<void> {
  const file = join(platform.stateDir, "instances", instance, "compose.json");
  const create = ["up", "--no-start", "--no-deps", "--no-build", "--pull=never"];
  await outputOf(
    [await findCompose(), `--project-name=${platform.project(instance)}`, `--file=${file}`, ...create],
    {
      env: { PATH: process.env["PATH"], DOCKER_HOST: platform.dockerHost },
    },
  );
}

async function startContainer(docker: Docker, { name }: StoredContainer): Promise<void> {
  await docker.getContainer(name).start();
}

/** The id of a container once it is as the old one was when the fixture was made. */
async function settledContainer(docker: Docker, stored: StoredContainer): Promise<string> {
  const { name, state, exitCode, labels, mounts, networks } = stored;
  const info = await waitFor(
    async () => {
      const seen = await docker.getContainer(name).inspect();
      const isHealthy = (seen.State.Health?.Status ?? "healthy") === "healthy";
      return seen.State.Status === state && isHealthy ? seen : undefined;
    },
    { what: `${name} to be ${state}` },
  );
  expect(info.State.ExitCode).toBe(exitCode);
  const own = Object.entries(labels).filter(([label]) => label.startsWith("io.keelson."));
  expect(info.Config.Labels).toMatchObject(Object.fromEntries(own));
  for (const mount of mounts)
    expect(info.Mounts).toContainEqual(expect.objectContaining({ RW: false, ...mount }));
  expect(info.Mounts.length).toBe(mounts.length);
  expect(Object.keys(info.NetworkSettings.Networks)).toEqual(Object.keys(networks));
  return info.Id;
}
