import { setTimeout as sleep } from "node:timers/promises";

import { KeelsonError, type OperationOf, transient } from "@keelson/model";

import type { Exec } from "dockerode";

import { notRunning } from "./container.ts";
import type { EngineContext } from "./context.ts";
import { quoted } from "./excerpt.ts";
import { bytesOf, createFrameReader } from "./frame-reader.ts";
import { askEngine, hasStatus } from "./request.ts";

const timeoutMs = 30_000;
const outputBytes = 64 * 1024;

/**
 * Runs a command in a container and waits for its end, 30 s at the longest (the engine cannot end it: then it goes on
 * inside). Throws K3011 when it exits other than 0 or takes too long, with its output as the cause; K3010 when the
 * container does not run.
 */
export async function execInContainer(
  context: EngineContext,
  operation: OperationOf<"exec-in-container">,
): Promise<void> {
  const { engine, signal } = context;
  const { containerId: id, project, service, command } = operation;
  const shown = `${project}/${service}`;
  const program = command[0] ?? "";
  try {
    const { exitCode, output } = await askEngine(engine, {
      what: `run ${program} in ${shown}`,
      signal,
      timeoutMs,
      describeTimeout: (cause) =>
        failed({ shown, program, reason: `did not end within ${timeoutMs / 1_000} s`, cause }),
      send: async (abortSignal) => {
        const exec = await engine.docker.getContainer(id).exec({
          Cmd: command,
          AttachStdout: true,
          AttachStderr: true,
          abortSignal,
        });
        const output = await readOutput(await exec.start({ abortSignal }));
        return { exitCode: await readExitCode(exec, abortSignal), output };
      },
    });
    if (exitCode === 0) return;
    throw failed({ shown, program, reason: `exited with code ${exitCode}`, cause: quoted(output) });
  } catch (error) {
    if (hasStatus(error, 404, 409)) throw notRunning(shown, error.cause);
    throw error;
  }
}

/** The output can end an instant before the engine notes the exit. */
export async function readExitCode(exec: Exec, abortSignal: AbortSignal): Promise<number | null> {
  for (;;) {
    const { Running: isRunning, ExitCode: exitCode } = await exec.inspect({ abortSignal });
    if (!isRunning) return exitCode;
    await sleep(20, undefined, { signal: abortSignal });
  }
}

/** The first part of the output is kept, the rest read and dropped: a program must not block on a full pipe. */
async function readOutput(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = bytesOf(chunk);
    if (size < outputBytes) chunks.push(bytes);
    size += bytes.length;
  }
  const frames = createFrameReader()(Buffer.concat(chunks));
  const text = Buffer.concat(frames.map(({ bytes }) => bytes)).toString("utf8");
  // The mark of an excerpt: at it, half a secret is hidden too.
  return size > outputBytes ? `${text.replace(/\ufffd$/, "")}…` : text;
}

function failed(input: { shown: string; program: string; reason: string; cause: unknown }): KeelsonError {
  return new KeelsonError({
    code: "K3011",
    message: `${input.program} in ${input.shown} ${input.reason}`,
    hint: "The service may still have its old configuration; the command is run again in the next round.",
    outcome: transient,
    cause: input.cause,
  });
}
