import { keelsonVersion } from "@keelson/model/light";
import { resolve } from "node:path";

import { Argument, Command, InvalidArgumentError, Option } from "commander";

import { shells } from "./completion.ts";
import { type NamedKind, namedKinds } from "./completion-words.ts";
import { auditCommand, execCommand, logsCommand, runCommand } from "./engine-commands.ts";
import { parseTimeout } from "./option-values.ts";
import {
  addNodeOptions,
  addReferenceOptions,
  addRepositoryOption,
  configDefault,
  configOption,
} from "./node-options.ts";
import { digestCommand, packCommand, verifyCommand } from "./release-commands.ts";
import { type ExitCode, type Output, makeOutput } from "./output.ts";

/** Runs a command; its options are read from the command itself. */
type Run = (command: Command, output: Output) => Promise<ExitCode>;

/**
 * The command tree. `finish` gets the exit code of the command that ran; those of `exec` and `run` are of the program that ran.
 * Errors are thrown to the caller.
 */
export function makeProgram(finish: (code: number) => void, signal: AbortSignal): Command {
  const program = new Command("keelson")
    .description("GitOps for Docker Compose fleets: what runs on each node is what Git says.")
    .version(keelsonVersion)
    // `exec` and `run` need this to pass on the options of the command that they run.
    .enablePositionalOptions()
    // With their arguments the names would leave no room for the descriptions.
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .showHelpAfterError("(keelson <command> --help shows what a command takes)");
  const add = (command: Command, run: Run, parent = program) => {
    command.option("--json", "print JSON").action(async () => {
      finish(await run(command, makeOutput({ json: command.opts()["json"] === true })));
    });
    parent.addCommand(command);
  };

  // A command is loaded when it runs, so that `version`, `--help` and a wrong call load no library.
  add(initCommand(), async (command, output) =>
    (await import("./commands/init.ts")).init(command.opts(), output),
  );
  add(checkCommand(), async (command, output) =>
    (await import("./commands/check.ts")).check(command.opts(), output),
  );
  add(renderCommand(), async (command, output) =>
    (await import("./commands/render.ts")).render(command.opts(), output),
  );
  add(planCommand(), async (command, output) =>
    (await import("./commands/plan.ts")).plan(command.opts(), output),
  );
  add(applyCommand(), async (command, output) =>
    (await import("./commands/apply.ts")).apply(command.opts(), { output, signal }),
  );
  add(renewCommand(), async (command, output) =>
    (await import("./commands/renew.ts")).renew(command.opts(), { instance: command.args[0] ?? "", output }),
  );
  add(statusCommand(), async (command, output) =>
    (await import("./commands/status.ts")).status(command.opts(), { output, signal }),
  );
  add(syncCommand(), async (command, output) =>
    (await import("./commands/sync.ts")).sync(command.opts(), { output, signal }),
  );
  add(doctorCommand(), async (command, output) =>
    (await import("./commands/doctor.ts")).doctor(command.opts(), output),
  );
  add(auditCommand(), async (command, output) =>
    (await import("./commands/audit.ts")).audit(command.opts(), { output, signal }),
  );
  add(logsCommand(), async (command, output) =>
    (await import("./commands/logs.ts")).logs(command.opts(), { args: command.args, output, signal }),
  );
  program.addCommand(
    execCommand(async (options, target) =>
      finish(await (await import("./commands/exec.ts")).exec(options, { ...target, signal })),
    ),
  );
  program.addCommand(
    runCommand(async (options, target) =>
      finish(await (await import("./commands/run.ts")).run(options, { ...target, signal })),
    ),
  );
  const release = new Command("release")
    .description("work with the digests and the archives of releases")
    .configureHelp({ subcommandTerm: (command) => command.name() });
  add(
    digestCommand(),
    async (command, output) =>
      (await import("./commands/release-digest.ts")).releaseDigest(command.args[0] ?? "", output),
    release,
  );
  add(
    packCommand(),
    async (command, output) =>
      (await import("./commands/release-pack.ts")).releasePack(command.opts(), {
        folder: command.args[0] ?? "",
        output,
      }),
    release,
  );
  add(
    verifyCommand(),
    async (command, output) =>
      (await import("./commands/release-verify.ts")).releaseVerify(command.opts(), {
        path: command.args[0] ?? "",
        output,
      }),
    release,
  );
  program.addCommand(release);
  add(explainCommand(), async (command, output) =>
    (await import("./commands/explain.ts")).explain(command.args[0] ?? "", output),
  );
  add(completionCommand(), async (command, output) =>
    (await import("./commands/completion.ts")).completion(program, {
      shell: command.processedArgs[0],
      output,
    }),
  );
  program.addCommand(
    new Command("complete")
      .description("list the names that a completion script asks for")
      .addArgument(new Argument("<kind>").choices(namedKinds))
      .argument("[words...]")
      .passThroughOptions()
      .action(async (kind: NamedKind, words: readonly string[]) =>
        finish(
          await (
            await import("./commands/complete.ts")
          ).complete(kind, {
            // The words of a script follow a `--`, so that none of them is an option of this command.
            words: words[0] === "--" ? words.slice(1) : words,
            output: makeOutput({ json: false }),
          }),
        ),
      ),
    { hidden: true },
  );
  add(new Command("version").description("print the version"), async (_command, output) => {
    if (output.json) output.printJson({ version: keelsonVersion });
    else output.print(keelsonVersion);
    return 0;
  });
  return program;
}

function revisionOption(): Option {
  return new Option("--revision <rev>", "a committed revision instead of the work tree");
}

function initCommand(): Command {
  const state = new Option("--state [dir]", "the folder, which is made if it is not there")
    .preset(".")
    .argParser((dir) => resolve(dir))
    .makeOptionMandatory();
  return new Command("init")
    .description(
      "make a state repository with a first release, environment and node; nothing that is there is changed",
    )
    .addOption(state)
    .option("-e, --environment <name>", "the environment", "lab")
    .option("-n, --node <name>", "its node", "lab-1");
}

function checkCommand(): Command {
  const command = new Command("check").description("find every problem in a state repository");
  return addRepositoryOption(command).addOption(revisionOption());
}

function renderCommand(): Command {
  const command = new Command("render").description(
    "list or write the files that a node would get, with placeholders for secrets",
  );
  return addReferenceOptions(command)
    .addOption(revisionOption())
    .option("--out <dir>", "write the files into this folder, which must be new or empty");
}

function planCommand(): Command {
  const command = new Command("plan").description(
    "show what would change on a node, and why; nothing is changed",
  );
  return addNodeOptions(command)
    .addOption(revisionOption())
    .option(
      "--from <rev>",
      "compare with this revision, or with an empty node (none), instead of asking the engine",
    )
    .option("--verbose", "also print every operation, in order")
    .option("--exit-code", "exit with 3 when there are changes");
}

function applyCommand(): Command {
  const command = new Command("apply").description("bring this machine to a committed revision");
  return addNodeOptions(command)
    .option("--revision <rev>", "the revision to apply", "HEAD")
    .option("--verbose", "also print every operation, in order")
    .option("--timing", "also print how long each step took")
    .option("--force", "also beside a running agent, and on a suspended node");
}

function renewCommand(): Command {
  const command = new Command("renew")
    .description(
      "let an instance on a node go on without data that it had: with empty volumes, or without a volume",
    )
    .argument("<instance>");
  return addReferenceOptions(command).option("--commit", "commit the node's file, and nothing else");
}

function statusCommand(): Command {
  const command = new Command("status").description("show the last status of every node, worst first");
  const seconds = new Option("--watch [seconds]", "refresh every so many seconds, until interrupted")
    .preset(10)
    .argParser(readSeconds);
  const ofThisNode = (flags: string, text: string) => new Option(flags, text).implies({ local: true });
  return addRepositoryOption(command)
    .option("-e, --environment <name>", "only this environment")
    .option("-n, --node <name>", "only this node; together with -e, its whole status")
    .option("--remote <name>", "the clone's remote that has the statuses", "origin")
    .option("--offline", "fetch nothing, and show what the clone has")
    .addOption(seconds)
    .addOption(
      new Option("--wait <commit>", "wait until every node has applied this commit or a later one").conflicts(
        ["watch", "offline", "local"],
      ),
    )
    .addOption(
      new Option("--timeout <duration>", "how long --wait waits")
        .argParser(parseTimeout)
        .default(10 * 60_000, "10m"),
    )
    .option("--local", "only the node of this machine, from its state folder")
    .addOption(ofThisNode("--config <file>", `agent.yaml of this node (default: ${configDefault})`))
    .addOption(ofThisNode("--state-dir <dir>", "the node's state folder"));
}

function readSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError("Say how many seconds, from 1 to 86400.");
}

function syncCommand(): Command {
  const timeout = new Option("--timeout <duration>", "how long to wait")
    .argParser(parseTimeout)
    .default(15 * 60_000, "15m");
  return new Command("sync")
    .description("ask this node's agent for a round now, wait for it, and show the status")
    .addOption(configOption())
    .addOption(timeout);
}

function doctorCommand(): Command {
  const command = new Command("doctor").description(
    "check what this node needs, and say how to mend what is missing; nothing is changed",
  );
  const needless = new Set(["repository", "environment", "node"]);
  for (const option of addNodeOptions(new Command()).options) {
    if (!needless.has(option.attributeName())) command.addOption(option);
  }
  return command;
}

function explainCommand(): Command {
  return new Command("explain").description("explain an error code, such as K1302").argument("<code>");
}

function completionCommand(): Command {
  return new Command("completion")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(shells));
}
