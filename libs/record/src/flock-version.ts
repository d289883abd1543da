import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { KeelsonError, stalled } from "@keelson/model";

import { noFlockProgram } from "./lock.ts";

const timeoutMs = 5_000;

/** The version of util-linux's `flock`, such as `2.38.1`. Throws K4021 when it is missing, or another program's. */
export async function readFlockVersion(): Promise<string> {
  const output = await askFlock();
  const [, version] = /^flock from util-linux (\S+)/.exec(output) ?? [];
  if (version !== undefined) return version;
  throw new KeelsonError({
    code: "K4021",
    message: "the program flock is not the one of util-linux",
    hint: "Install util-linux, and check that its flock comes first in PATH.",
    outcome: stalled,
  });
}

/** What `flock --version` prints; empty when that fails, as with busybox, whose `flock` has no such option. */
async function askFlock(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("flock", ["--version"], { timeout: timeoutMs });
    return stdout;
  } catch (error) {
    if (error instanceof Error && "syscall" in error) throw noFlockProgram(error);
    return "";
  }
}
