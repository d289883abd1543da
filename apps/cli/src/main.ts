#!/usr/bin/env node
import { KeelsonError, codeOf, formatError } from "@keelson/model/light";
import { escapeLines, formatJson } from "@keelson/report/light";
import { type Command, CommanderError } from "commander";

import { exitCodes } from "./output.ts";
import { makeProgram } from "./program.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => stop.abort(new KeelsonError({ code: "K9013", message: `stopped by ${name}` })));
}

// A reader that ends early (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitCodes.done);
});

/** The only place that sets the exit code. */
try {
  const program = makeProgram((code) => {
    process.exitCode = code;
  }, stop.signal);
  for (const command of listCommands(program)) command.exitOverride();
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}

function listCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(listCommands)];
}

function reportError(error: unknown): number {
  const isUsage = error instanceof CommanderError;
  if (isUsage && error.exitCode === 0) return exitCodes.done; // help and version
  if (process.argv.includes("--json")) {
    const code = isUsage ? "K9015" : codeOf(error);
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof KeelsonError ? error.hint : undefined;
    process.stdout.write(`${formatJson({ error: { code, message, hint } })}\n`);
  } else if (!isUsage) {
    process.stderr.write(`${escapeLines(formatError(error))}\n`);
  }
  return isUsage ? exitCodes.usage : exitCodes.failed;
}
