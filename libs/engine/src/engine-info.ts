import { statfs } from "node:fs/promises";
import { hostname } from "node:os";

import { isSystemError } from "@keelson/model";

import type { Engine } from "./engine.ts";
import { recordOf, textOf } from "./json-reader.ts";
import { askEngine, unreadable } from "./request.ts";

/** What a person wants to know of an engine. */
export interface EngineInfo {
  /** `20.10.24` */
  version: string;
  /** The highest that it speaks: `1.41`. */
  apiVersion: string;
  /** `overlay2`; empty when it does not say. */
  storageDriver: string;
  /** How it limits memory and processors, such as `2 systemd`; empty when it does not say. */
  cgroup: string;
  /**
   * By how many milliseconds this process's clock is ahead of the engine's, to half of the time that the answer took;
   * null when it does not say.
   */
  clockAheadMs: number | null;
  /** Where it keeps images, containers and volumes, as a path on its own file system; empty when it does not say. */
  rootDir: string;
  /** Bytes that are free there to it; null when the engine's file system is not this process's. */
  freeBytes: number | null;
  /** Files and folders that can still be made there; null as above, and for file systems without such a limit. */
  freeInodes: number | null;
}

/** What an engine is and how much space it has. Throws K3001 and K3009. */
export async function engineInfo(
  engine: Engine,
  options: { signal?: AbortSignal } = {},
): Promise<EngineInfo> {
  const { signal } = options;
  const what = "tell what it is";
  const ask = async (send: () => Promise<unknown>) =>
    recordOf(await askEngine(engine, { what, signal, send }));
  const askInfo = async () => {
    const sentAt = Date.now();
    const info = await ask(() => engine.docker.info());
    return { info, middle: (sentAt + Date.now()) / 2 };
  };
  const [version, { info, middle }] = await Promise.all([ask(() => engine.docker.version()), askInfo()]);
  if (textOf(version["Version"]) === "" || textOf(version["ApiVersion"]) === "") throw unreadable(what);
  const systemTime = Date.parse(textOf(info["SystemTime"]));
  const rootDir = textOf(info["DockerRootDir"]);
  const isHere = engine.isLocal && textOf(info["Name"]) === hostname();
  return {
    version: textOf(version["Version"]),
    apiVersion: textOf(version["ApiVersion"]),
    storageDriver: textOf(info["Driver"]),
    cgroup: `${textOf(info["CgroupVersion"])} ${textOf(info["CgroupDriver"])}`.trim(),
    clockAheadMs: Number.isNaN(systemTime) ? null : Math.round(middle - systemTime),
    rootDir,
    // A socket can lead into a virtual machine, or out of a container: there the same path is something else.
    ...(isHere && rootDir !== "" ? await freeSpace(rootDir) : nothingKnown),
  };
}

const nothingKnown = { freeBytes: null, freeInodes: null };

async function freeSpace(path: string): Promise<Pick<EngineInfo, "freeBytes" | "freeInodes">> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(path);
    return { freeBytes: bavail * bsize, freeInodes: files === 0 ? null : ffree };
  } catch (error) {
    // Not known: the folder is on another machine, or not for this user.
    if (isSystemError(error, "ENOENT", "ENOTDIR", "EACCES", "EPERM")) return nothingKnown;
    throw error;
  }
}
