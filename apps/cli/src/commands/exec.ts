import type { WriteStream } from "node:tty";

import { type ExecIn, wireEngine } from "@keelson/node";

import { type EngineOptions, findContainers, readEngineSettings } from "./logs.ts";

/**
 * Runs a command in this node's own container of a service, with a terminal where this process has one. Returns the
 * command's exit code.
 */
export async function exec(
  options: EngineOptions & { index?: number },
  {
    instance,
    service,
    command,
    signal,
  }: { instance: string; service: string; command: readonly string[]; signal: AbortSignal },
): Promise<number> {
  // Nothing of the output is hidden, so the secrets file is not needed: a broken one must keep nobody out.
  const engine = await wireEngine({ ...readEngineSettings(options), secretsFile: null });
  await findContainers(engine, { instance, services: [service], signal });
  const { stdin, stdout, stderr } = process;
  const tty = stdin.isTTY && stdout.isTTY;
  if (tty) stdin.setRawMode(true);
  try {
    return await engine.execInteractive({
      instance,
      service,
      index: options.index,
      command,
      tty,
      stdin,
      stdout,
      stderr,
      signal,
      size: sizeOf(stdout),
    });
  } finally {
    if (tty) stdin.setRawMode(false);
    // An open standard input would keep the process alive.
    stdin.pause();
  }
}

function sizeOf(terminal: WriteStream): NonNullable<ExecIn["size"]> {
  return (listener) => {
    const tell = () => listener({ columns: terminal.columns, rows: terminal.rows });
    tell();
    terminal.on("resize", tell);
    return () => terminal.off("resize", tell);
  };
}
