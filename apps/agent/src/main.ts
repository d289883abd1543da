#!/usr/bin/env node
import { KeelsonError, formatError, keelsonVersion } from "@keelson/model";
import { escapeLines } from "@keelson/report";
import { Command, CommanderError } from "commander";

import { reconcile } from "./reconcile.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.once(name, () => stop.abort(new KeelsonError({ code: "K9013", message: `stopped by ${name}` })));
}

const program = new Command("keelson-agent")
  .description("Keeps this node at what its environment says in Git.")
  .version(keelsonVersion);
program
  .command("reconcile")
  .description("one round: fetch, plan, apply, report, and exit")
  .option("--config <file>", "agent.yaml of this node", "/etc/keelson/agent.yaml")
  .option("--json", "print the status as JSON, and the log to stderr")
  .action(async (options: { config: string; json?: boolean }) => {
    process.exitCode = await reconcile(options, stop.signal);
  });

try {
  for (const command of [program, ...program.commands]) command.exitOverride();
  await program.parseAsync();
} catch (error) {
  const isUsage = error instanceof CommanderError;
  if (!isUsage) process.stderr.write(`${escapeLines(formatError(error))}\n`);
  process.exitCode = isUsage ? (error.exitCode === 0 ? 0 : 2) : 1;
}
