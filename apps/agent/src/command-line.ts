import { userInfo } from "node:os";

import { KeelsonError, Suspension, formatError, keelsonVersion, redact } from "@keelson/model";
import { escapeLines } from "@keelson/report";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";

import { accept } from "./accept.ts";
import { configDefault, defaultConfigPath } from "./config-path.ts";
import { chooseLogForm, logForms } from "./log-event.ts";
import { newLog } from "./log.ts";
import { identity } from "./identity.ts";
import { type ReconcileOptions, reconcile } from "./reconcile.ts";
import { type RunJobOptions, runDueJob } from "./run-job.ts";
import { tell } from "./round-life.ts";
import { logError } from "./round-log.ts";
import { resume, suspend } from "./suspension.ts";

/** Runs every command but `run`, of which only the help is here. Returns the exit code. */
export async function runCommandLine(): Promise<number> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => stop.abort(new KeelsonError({ code: "K9013", message: `stopped by ${name}` })));
  }
  let exitCode = 0;
  const program = makeProgram((code) => {
    exitCode = code;
  }, stop.signal);
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

/** The command tree. `finish` gets the exit code of the command that ran. */
export function makeProgram(finish: (code: number) => void, signal: AbortSignal): Command {
  const program = new Command("keelson-agent")
    .description("Keeps this node at the state that its environment has in Git.")
    .version(keelsonVersion);
  program
    .command("run")
    .description(
      "follow the branch and repair what was changed by hand, until stopped; SIGHUP triggers a round",
    )
    .addOption(configOption())
    .addOption(logOption());
  program
    .command("reconcile")
    .description("do one round: fetch, plan, apply, publish the status, and exit")
    .addOption(configOption())
    .option("--json", "print the status as JSON, and the log to stderr")
    .addOption(logOption())
    // What the watcher tells the round that it starts.
    .addOption(new Option("--trigger <text>").default("keelson-agent reconcile").hideHelp())
    .addOption(new Option("--attempt <number>").default("0").hideHelp())
    .addOption(new Option("--git-silent").hideHelp())
    .addOption(new Option("--known-commit <commit>").hideHelp())
    .addOption(new Option("--lost <loss>").argParser((text) => JSON.parse(text)).hideHelp())
    .action(async (options: ReconcileOptions) => finish(await runRound(options, signal)));
  program
    // A job that is due, in a process of its own that the watcher starts.
    .command("run-job", { hidden: true })
    .addOption(configOption())
    .addOption(logOption())
    .requiredOption("--job <name>")
    .requiredOption("--due <milliseconds>")
    .action(async (options: RunJobOptions) => finish(await runDueJob(options, signal)));
  program
    .command("accept")
    .description("let this node follow its branch to a commit that is no descendant of the last one")
    .argument("<revision>", "the commit, as the error K2016 names it")
    .addOption(configOption())
    .action(async (revision: string, options: { config: string }) =>
      finish(await accept(revision, { ...options, signal })),
    );
  program
    .command("suspend")
    .description("change nothing on this node until it is resumed; it goes on observing and reporting")
    .addOption(
      new Option("--reason <text>", "why, for whoever reads the status (required)")
        .argParser(readReason)
        .makeOptionMandatory(),
    )
    .addOption(configOption())
    .action(async ({ reason, config }: { reason: string; config: string }) =>
      finish(await suspend({ reason, by: findUser() }, { config, signal })),
    );
  program
    .command("resume")
    .description("bring this node to its commit again, and keep it there")
    .addOption(configOption())
    .action(async ({ config }: { config: string }) => finish(await resume({ config, signal })));
  program
    .command("identity")
    .description("print the public part of this node's age key, which is made if it is not there")
    .addOption(configOption())
    .action(async ({ config }: { config: string }) => finish(await identity(config)));
  return program;
}

/** It is published. One line stays one line in every log and table. */
function readReason(text: string): string {
  const reason = Suspension.shape.reason.safeParse(text.trim().toWellFormed());
  if (reason.success) return reason.data;
  throw new InvalidArgumentError(
    "Say why, in one line of at most 200 characters without control or invisible ones.",
  );
}

/** Who calls this, also by sudo. */
function findUser(): string {
  const sudoUser = process.env["SUDO_USER"] ?? "";
  if (sudoUser !== "") return sudoUser;
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? "unknown"}`; // a user without a name, as in a container
  }
}

/** A round that cannot begin, because agent.yaml cannot be read, is logged like one that failed. */
async function runRound(options: ReconcileOptions, signal: AbortSignal): Promise<number> {
  try {
    return await reconcile(options, signal);
  } catch (error) {
    const form = chooseLogForm(options.log, process.stderr);
    logError(newLog({ form, stream: process.stderr, node: null }), { event: "round-failed", error });
    const because = error instanceof Error ? redact(error.message) : "";
    tell({ type: "lost", loss: { code: "K9045", message: `the round could not begin: ${because}` } });
    return 1;
  }
}

function configOption(): Option {
  return new Option("--config <file>", "agent.yaml of this node").default(defaultConfigPath, configDefault);
}

function logOption(): Option {
  return new Option("--log <form>", "form of the log (default: human on a terminal, else json)").choices(
    logForms,
  );
}
