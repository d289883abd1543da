import { basename, dirname } from "node:path";

import type { DesiredMount, SameFiles } from "@keelson/model";

import { type Folder, kindOf, openFolder, openStateFolder, readEntries } from "./folder.ts";
import { newPace } from "./pace.ts";
import { compareFile } from "./placed-file.ts";
import type { StoreContext } from "./placed-files.ts";
import { whileReading } from "./store-error.ts";

/** A path that a container binds where a mount is desired. */
export interface BoundFiles {
  /** Absolute. */
  path: string;
  mount: DesiredMount;
}

/**
 * Which of these paths hold just the files of their mounts, byte for byte, and nothing else. Links are not followed: what one
 * leads to is another file. Throws K4003.
 */
export async function findSameFiles(
  bound: readonly BoundFiles[],
  context: Pick<StoreContext, "fillSecrets">,
): Promise<SameFiles[]> {
  const same: SameFiles[] = [];
  for (const { path, mount } of bound) {
    const isSame = await whileReading(`read ${path}`, async () => holds(path, { mount, ...context }));
    if (isSame) same.push({ path, target: mount.target });
  }
  return same;
}

interface Question extends Pick<StoreContext, "fillSecrets"> {
  mount: DesiredMount;
}

async function holds(path: string, question: Question): Promise<boolean> {
  using folder = openStateFolder(question.mount.kind === "file" ? dirname(path) : path);
  if (folder === null) return false;
  const { files } = question.mount;
  if (question.mount.kind === "folder") return await holdsTree(folder, { ...question, prefix: "" });
  const [file] = files;
  return file !== undefined && (await isEqual(folder, { ...question, name: basename(path), wanted: file }));
}

async function holdsTree(folder: Folder, question: Question & { prefix: string }): Promise<boolean> {
  const { mount, prefix } = question;
  const wanted = mount.files.filter(({ path }) => path.startsWith(prefix));
  const names = new Set(wanted.map(({ path }) => path.slice(prefix.length).split("/", 1)[0] ?? ""));
  const found = [...readEntries(folder)].map(({ text }) => text);
  if (found.length !== names.size || found.some((name) => name === null || !names.has(name))) return false;
  for (const name of names) {
    const path = `${prefix}${name}`;
    const file = wanted.find((each) => each.path === path);
    if (file !== undefined) {
      if (!(await isEqual(folder, { ...question, name, wanted: file }))) return false;
      continue;
    }
    if (kindOf(folder, name) !== "folder") return false;
    using inner = openFolder(folder, name);
    if (inner === null || !(await holdsTree(inner, { ...question, prefix: `${path}/` }))) return false;
  }
  return true;
}

async function isEqual(
  folder: Folder,
  { name, wanted, fillSecrets }: Question & { name: string; wanted: DesiredMount["files"][number] },
): Promise<boolean> {
  const bytes = wanted.secrets.length === 0 ? wanted.content : fillSecrets(wanted.content);
  const found = await compareFile(folder, { name, bytes, pace: newPace(Infinity) });
  return found !== null && found.isSame;
}
