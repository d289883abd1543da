import { resolve } from "node:path";

import { diagnose } from "@keelson/diagnosis";

import { type NodeOptions, defaultConfigPath, defaultStateDir } from "../node-options.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printDiagnosis } from "../print/doctor.ts";

export type DoctorOptions = Pick<NodeOptions, "config" | "stateDir" | "keyFile" | "secrets" | "dockerHost">;

/** What is fine on this node, what is not, and how to mend it; changes nothing. */
export async function doctor(options: DoctorOptions, output: Output): Promise<ExitCode> {
  const { config = defaultConfigPath, stateDir, keyFile, secrets, dockerHost } = options;
  const checks = await diagnose({
    configFile: resolve(config),
    stateDir: absolute(stateDir),
    keyFile: absolute(keyFile),
    secretsFile: absolute(secrets),
    dockerHost,
    defaultStateDir,
    environment: process.env,
  });
  if (output.json) output.printJson(checks);
  else printDiagnosis(output, checks);
  return checks.some(({ result }) => result === "failure") ? exitCodes.failed : exitCodes.done;
}

function absolute(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(path);
}
