import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { KeelsonError, stalled } from "@keelson/model";

import { noFlockProgram } from "./lock.ts";

const timeoutMs = 5_000;

/** Version of the program that takes the lock, such as `2.38.1`. Throws K4021 when it is missing or not util-linux's. */
export async function readFlockVersion(): Promise<string> {
  const said = await askFlock();
  const [, version] = /^flock from util-linux (\S+)/.exec(said) ?? [];
  if (version !== undefined) return version;
  throw new KeelsonError({
    code: "K4021",
    message: "the program flock is not the one of util-linux",
    hint: "Install util-linux, and see that its flock comes first in PATH.",
    outcome: stalled,
  });
}

/** Another flock, such as busybox's, knows no such option; what it says then is no version either. */
async function askFlock(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)("flock", ["--version"], { timeout: timeoutMs });
    return stdout;
  } catch (error) {
    if (error instanceof Error && "syscall" in error) throw noFlockProgram(error);
    return "";
  }
}
