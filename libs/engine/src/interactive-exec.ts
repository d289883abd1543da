import { once } from "node:events";
import { Duplex, type Readable, type Writable } from "node:stream";

import { KeelsonError, transient } from "@keelson/model";
import type { Exec } from "dockerode";

import { readExitCode } from "./container-exec.ts";
import { notRunning } from "./container.ts";
import type { Engine } from "./engine.ts";
import { bytesOf, createFrameReader } from "./frame-reader.ts";
import { type OwnProject, listOwnContainers, noContainer, showProject } from "./own-container.ts";
import { askEngine, hasStatus, unreadable } from "./request.ts";
import { type SubscribeToSize, followSize } from "./terminal-size.ts";

export interface InteractiveExec extends OwnProject {
  service: string;
  /** Compose's number of the container; of several the first that runs when it is left out. */
  index?: number | undefined;
  command: readonly string[];
  /** The command gets a terminal: then all output is on stdout. */
  tty: boolean;
  /** null: the command reads an empty input. */
  stdin: Readable | null;
  stdout: Writable;
  stderr: Writable;
  /** The size of the caller's terminal and its changes; only with `tty`. */
  size?: SubscribeToSize | undefined;
  /** Ends the connection (K3014). The engine has no way to end the command: it goes on inside. */
  signal: AbortSignal;
}

/** Node's longest timer: the caller decides when the command has to end. */
const longestMs = 2 ** 31 - 1;

/**
 * Runs a command in this node's own running container of a service, connected to the given
 * streams, which stay open. Returns its exit code (126 and 127, as in a shell, when there is no such program). Throws
 * K3010 when no such container runs, K3011 when the command goes on without its output, K3001 when the engine goes away.
 */
export async function execInteractive(engine: Engine, request: InteractiveExec): Promise<number> {
  const { signal, command, tty, stdin } = request;
  const shown = showProject(request);
  const what = `run ${command[0] ?? ""} in ${shown}`;
  const id = await findRunning(engine, request);
  try {
    const { exec, connection } = await askEngine(engine, {
      what,
      signal,
      send: async (abortSignal) => {
        const exec = await engine.docker.getContainer(id).exec({
          Cmd: [...command],
          AttachStdin: stdin !== null,
          AttachStdout: true,
          AttachStderr: true,
          Tty: tty,
          abortSignal,
        });
        return { exec, connection: await exec.start({ hijack: true, stdin: true, Tty: tty, abortSignal }) };
      },
    });
    if (!(connection instanceof Duplex)) throw unreadable(what);
    await converse(engine, { request, what, exec, connection });
    return await exitCodeOf(engine, { request, what, exec });
  } catch (error) {
    if (hasStatus(error, 404, 409)) throw notRunning(shown, error.cause);
    throw error;
  }
}

async function findRunning(engine: Engine, request: InteractiveExec): Promise<string> {
  const containers = await listOwnContainers(engine, request);
  if (containers.length === 0) throw noContainer(request);
  const { index } = request;
  const isMeant = (name: string) => index === undefined || name.endsWith(`-${index}`);
  const running = containers.find(({ isRunning, name }) => isRunning && isMeant(name));
  if (running === undefined) throw notRunning(showProject(request), undefined);
  return running.id;
}

/** Passes input and output on until the command has closed its output. */
async function converse(
  engine: Engine,
  {
    request,
    what,
    exec,
    connection,
  }: { request: InteractiveExec; what: string; exec: Exec; connection: Duplex },
): Promise<void> {
  const { signal, stdin, tty, size } = request;
  const sizes =
    tty && size !== undefined ? followSize(engine, { exec, subscribe: size, signal, what }) : null;
  // An end of the input closes only that direction.
  stdin?.pipe(connection);
  try {
    await askEngine(engine, {
      what,
      signal,
      timeoutMs: longestMs,
      send: async (abortSignal) => {
        abortSignal.addEventListener("abort", () => connection.destroy(), { once: true });
        await passOutput(connection, request);
      },
    });
  } finally {
    stdin?.unpipe(connection);
    sizes?.[Symbol.dispose]();
    connection.destroy();
  }
}

async function passOutput(
  connection: Duplex,
  { tty, stdout, stderr, command }: InteractiveExec,
): Promise<void> {
  const readFrames = createFrameReader();
  for await (const chunk of connection) {
    const bytes = bytesOf(chunk);
    if (tty) await write(stdout, { bytes, command });
    else {
      for (const part of readFrames(bytes)) {
        await write(part.stream === "stdout" ? stdout : stderr, { bytes: part.bytes, command });
      }
    }
  }
}

/** Waits until the reader can take more; a reader that has gone ends the conversation. */
async function write(
  output: Writable,
  { bytes, command }: { bytes: Buffer; command: readonly string[] },
): Promise<void> {
  if (output.writable && output.write(bytes)) return;
  const waiting = new AbortController();
  const { signal } = waiting;
  let cause: unknown;
  try {
    if (output.writable) {
      await Promise.race([once(output, "drain", { signal }), once(output, "close", { signal })]);
    }
    if (output.writable) return;
  } catch (error) {
    cause = error;
  } finally {
    waiting.abort();
  }
  throw new KeelsonError({
    code: "K3014",
    message: `nobody reads the output of ${command[0] ?? ""} any more`,
    outcome: transient,
    cause,
  });
}

async function exitCodeOf(
  engine: Engine,
  { request, what, exec }: { request: InteractiveExec; what: string; exec: Exec },
): Promise<number> {
  const exitCode = await askEngine(engine, {
    what,
    signal: request.signal,
    describeTimeout: (cause) =>
      new KeelsonError({
        code: "K3011",
        message: `${request.command[0] ?? ""} in ${showProject(request)} has closed its output but goes on`,
        outcome: transient,
        cause,
      }),
    send: (abortSignal) => readExitCode(exec, abortSignal),
  });
  if (exitCode === null) throw unreadable(what);
  return exitCode;
}
