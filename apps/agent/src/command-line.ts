import { KeelsonError, formatError, keelsonVersion } from "@keelson/model";
import { escapeLines } from "@keelson/report";
import { Command, CommanderError } from "commander";

import { reconcile } from "./reconcile.ts";

const configFlag = ["--config <file>", "agent.yaml of this node", "/etc/keelson/agent.yaml"] as const;

/** Everything but staying: help, version, and one round. Returns the exit code. */
export async function runCommandLine(): Promise<number> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => stop.abort(new KeelsonError({ code: "K9013", message: `stopped by ${name}` })));
  }
  let exitCode = 0;
  const program = new Command("keelson-agent")
    .description("Keeps this node at what its environment says in Git.")
    .version(keelsonVersion);
  program
    .command("run")
    .description(
      "stay: follow the branch, repair what was changed by hand, until stopped (SIGHUP asks for a round)",
    )
    .option(...configFlag);
  program
    .command("reconcile")
    .description("one round: fetch, plan, apply, report, and exit")
    .option(...configFlag)
    .option("--json", "print the status as JSON, and the log to stderr")
    .action(async (options: { config: string; json?: boolean }) => {
      exitCode = await reconcile(options, stop.signal);
    });
  try {
    for (const command of [program, ...program.commands]) command.exitOverride();
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${escapeLines(formatError(error))}\n`);
    return 1;
  }
  return exitCode;
}
