import type { Writable } from "node:stream";

import { KeelsonError, closedComposeEnvironment, isSystemError, stalled } from "@keelson/model";

import { noFolder } from "./compose-process.ts";
import type { Engine } from "./engine.ts";
import { recordOf } from "./json-reader.ts";

/** What Compose is told of a run. */
export interface ComposeRun {
  composeBinary: string;
  /** The resolved Compose file that the instance runs from. */
  composeFile: string;
  project: string;
  service: string;
  /** From `newRunName`. */
  name: string;
  /** Instead of the service's own command; empty: its own. */
  command: readonly string[];
  /** Values of secrets that the Compose file names by these variables. */
  secretVariables: Readonly<Record<string, string>>;
}

/** The exit code of Compose. The library rejects for any other code than 0, with an object that is no error. */
export async function runCompose(
  engine: Engine,
  { composeBinary, composeFile, project, service, command, name, secretVariables }: ComposeRun,
  onOutput: (chunk: Buffer, stream: "stdout" | "stderr" | undefined) => void,
): Promise<number> {
  // No round needs it.
  const { run } = await import("docker-compose");
  try {
    // The library has options of its own before the service. What follows `--` is none, whatever it begins with.
    await run("--", [service, ...command], {
      cwd: "/",
      executable: { standalone: true, executablePath: composeBinary },
      composeOptions: ["--ansi=never", "--progress=quiet", `--project-name=${project}`],
      config: composeFile,
      commandOptions: ["--rm", "--no-deps", "--interactive=false", "--pull=never", `--name=${name}`],
      env: {
        ...secretVariables,
        ...closedComposeEnvironment(noFolder),
        DOCKER_HOST: engine.dockerHost,
        COMPOSE_IGNORE_ORPHANS: "1",
        COMPOSE_MENU: "0",
      },
      // It would be kept in memory to its end.
      maxOutputLength: 0,
      callback: onOutput,
    });
    return 0;
  } catch (error) {
    const { exitCode } = recordOf(error);
    if (exitCode === null || typeof exitCode === "number") return exitCode ?? 1;
    if (!isSystemError(error)) throw error;
    throw new KeelsonError({
      code: "K3008",
      message: `Compose cannot be started as ${composeBinary}`,
      hint: "Install Docker Compose v2, or name its program.",
      outcome: stalled,
      cause: error,
    });
  }
}

const lineBreak = "\n".charCodeAt(0);

/** After the output of a job that failed, Compose writes an empty line of its own: an empty line waits for what follows. */
export function withoutLastBreak(stderr: Writable) {
  let isHeld = false;
  return {
    write: (chunk: Buffer) => {
      if (isHeld) stderr.write("\n");
      const isBreak = chunk.at(-1) === lineBreak;
      isHeld = isBreak && (chunk.length === 1 || chunk.at(-2) === lineBreak);
      stderr.write(isHeld ? chunk.subarray(0, -1) : chunk);
    },
    end: ({ isFailedJob }: { isFailedJob: boolean }) => {
      if (isHeld && !isFailedJob) stderr.write("\n");
    },
  };
}
