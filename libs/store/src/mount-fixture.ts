import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { lstat, mkdtemp, readFile, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareText, digestBytes, digestValue } from "@keelson/model";
import type {
  DesiredFile,
  DesiredMount,
  DesiredNode,
  MountLayout,
  PlaceFiles,
  RemoveFiles,
} from "@keelson/model";

import { afterEach, beforeEach } from "vitest";

import type { ObserveInput } from "./observed-store.ts";
import type { StoreContext } from "./placed-files.ts";

interface StatePaths {
  /** What holds the state folder, which is not there yet. */
  base: string;
  stateDir: string;
  /** Of the instance `core`. */
  folder: string;
}

/** A place for a state folder of its own for each test of a file; `take` gets it before the test. */
export function useStateFolder(take: (made: StatePaths) => void): void {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), "keelson-store-"));
    const stateDir = join(base, "state");
    take({ base, stateDir, folder: join(stateDir, "instances", "core") });
  });
  afterEach(async () => rm(base, { recursive: true, force: true }));
}

/** For tests: files by path, as text or with their mode, owner and secrets. */
export type FileTexts = Record<string, string | ({ text: string } & Partial<DesiredFile>)>;

/** A mount of the folder or file `source` as the planner would name it, with these files. */
export function mountOf(
  layout: MountLayout,
  input: { source?: string; kind?: DesiredMount["kind"]; target?: string; files: FileTexts },
): DesiredMount {
  const { source = "core/conf", kind = "folder" } = input;
  const files = Object.entries(input.files).map(([path, file]) =>
    fileOf(`${source}/${path}`, { path, file }),
  );
  const digest = digestValue(files.map((file) => [file.path, file.digest])).slice(0, 32);
  const target =
    input.target ?? (layout === "content" ? `files/${digest}/${source.split("/").at(-1)}` : `live/${source}`);
  return { source, kind, layout, writable: false, target, files, services: ["app"] };
}

function fileOf(to: string, source: { path: string; file: FileTexts[string] }): DesiredFile {
  const { text, ...rest } = typeof source.file === "string" ? { text: source.file } : source.file;
  const content = Buffer.from(text);
  const defaults = { mode: 0o644, owner: null, secrets: [], onChange: "restart" as const };
  const file = { to, path: source.path, content, contentDigest: digestBytes(content), ...defaults, ...rest };
  const { contentDigest, mode, owner } = file;
  return { ...file, digest: digestValue({ contentDigest, mode, owner }) };
}

/** The desired state of these mounts of the instance `core`, and of others by their names. */
export function desiring(
  mounts: readonly DesiredMount[],
  others: Record<string, readonly DesiredMount[]> = {},
): Pick<DesiredNode, "instances"> {
  const instances = Object.entries({ core: mounts, ...others }).map(([name, mounts]) => ({
    name,
    project: `lab-${name}`,
    package: { reference: `sample/${name}`, version: "1.0.0" },
    state: "running" as const,
    after: [],
    services: [],
    networks: [],
    volumes: [],
    mounts: [...mounts],
    folders: [],
    grants: [],
    compose: { name: `lab-${name}`, services: {}, networks: {}, volumes: {}, secrets: {}, configs: {} },
  }));
  return { instances };
}

const operation = { id: "#1", resource: "files:lab-core", causes: [], class: "live" as const, after: [] };

export function placing(mount: DesiredMount, instance = "core"): PlaceFiles {
  return { ...operation, kind: "place-files", instance, mount };
}

export function removing(paths: string[], instance = "core"): RemoveFiles {
  return { ...operation, kind: "remove-files", instance, paths };
}

/** A store in this folder whose only secret is `hunter2`. */
export function contextOf(stateDir: string): StoreContext & Omit<ObserveInput, "desired"> {
  return {
    stateDir,
    dataDir: join(stateDir, "data"),
    dataFolders: {},
    known: {},
    fillSecrets: (content) =>
      Buffer.from(Buffer.from(content).toString("latin1").replaceAll("SECRET", "hunter2"), "latin1"),
  };
}

/** Folders in folders, deeper than any path can be written: each one is moved into the next. */
export function makeDeep(folder: string, depth: number): void {
  const [inner, outer] = [join(folder, "inner"), join(folder, "outer")];
  mkdirSync(inner);
  writeFileSync(join(inner, "end"), "");
  for (let level = 1; level < depth; level++) {
    mkdirSync(outer);
    renameSync(inner, join(outer, "d"));
    renameSync(outer, inner);
  }
}

/** All that lies below a folder, links not followed: `mode text`, `link target` or `folder mode`; names as Latin-1. */
export async function snapshot(folder: string): Promise<Record<string, string>> {
  const shown: [string, string][] = [];
  const bytes = (path: string) => Buffer.from(`${folder}/${path}`, "latin1");
  const look = async (below: string): Promise<void> => {
    for (const name of await readdir(bytes(below), { encoding: "latin1" })) {
      const path = `${below}${name}`;
      const stats = await lstat(bytes(path));
      const mode = (stats.mode & 0o7777).toString(8);
      if (stats.isSymbolicLink()) shown.push([path, `link ${await readlink(bytes(path))}`]);
      else if (stats.isFile()) shown.push([path, `${mode} ${await readFile(bytes(path), "utf8")}`]);
      else if (!stats.isDirectory()) shown.push([path, "special"]);
      else {
        shown.push([path, `folder ${mode}`]);
        await look(`${path}/`);
      }
    }
  };
  await look("");
  return Object.fromEntries(shown.sort(([a], [b]) => compareText(a, b)));
}

/** The same as a container sees it: links of the `data` layout followed, its own names left out. */
export async function visibleSnapshot(folder: string): Promise<Record<string, string>> {
  const entries = Object.entries(await snapshot(folder));
  const generation = Object.fromEntries(entries)["..data"]?.slice("link ".length);
  const shown = entries.flatMap(([path, entry]): [string, string][] => {
    if (path.startsWith("..")) return [];
    if (generation === undefined || entry !== `link ..data/${path}`) return [[path, entry]];
    const behind = `${generation}/${path}`;
    return entries
      .filter(([inner]) => inner === behind || inner.startsWith(`${behind}/`))
      .map(([inner, entry]) => [inner.slice(generation.length + 1), entry]);
  });
  return Object.fromEntries(shown.sort(([a], [b]) => compareText(a, b)));
}
