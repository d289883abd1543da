import { keelsonVersion } from "@keelson/model/light";

import { Argument, Command } from "commander";

import { shells } from "./completion.ts";
import { type NamedKind, namedKinds } from "./completion-words.ts";
import { auditCommand, execCommand, logsCommand, runCommand, whereCommand } from "./engine-commands.ts";
import { type AddCommand, allowGroup, releaseGroup, secretsGroup } from "./command-groups.ts";
import { makeOutput } from "./output.ts";
import { addStageCommands } from "./stage-commands.ts";
import {
  applyCommand,
  checkCommand,
  importCommand,
  initCommand,
  lockCommand,
  planCommand,
  renderCommand,
  renewCommand,
  upgradeCommand,
} from "./state-commands.ts";
import { doctorCommand, statusCommand, syncCommand } from "./status-commands.ts";

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
  const add: AddCommand = (command, run, parent = program) => {
    command.option("--json", "print JSON").action(async () => {
      finish(await run(command, makeOutput({ json: command.opts()["json"] === true })));
    });
    parent.addCommand(command);
  };

  // A command is loaded when it runs, so that `version`, `--help` and a wrong call load no library.
  add(initCommand(), async (command, output) =>
    (await import("./commands/init.ts")).init(command.opts(), output),
  );
  add(importCommand(), async (command, output) =>
    (await import("./commands/import.ts")).importFolders(command.opts(), { folders: command.args, output }),
  );
  add(checkCommand(), async (command, output) =>
    (await import("./commands/check.ts")).check(command.opts(), output),
  );
  add(lockCommand(), async (command, output) =>
    (await import("./commands/lock.ts")).lock(command.opts(), output),
  );
  add(upgradeCommand(), async (command, output) =>
    (await import("./commands/upgrade.ts")).upgrade(command.opts(), {
      asked: command.args[0] ?? "",
      output,
    }),
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
  add(whereCommand(), async (command, output) =>
    (await import("./commands/where.ts")).where(command.opts(), {
      instance: command.args[0] ?? "",
      output,
      signal,
    }),
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
  program.addCommand(releaseGroup(add, signal));
  addStageCommands(add, signal);
  program.addCommand(allowGroup(add));
  program.addCommand(secretsGroup(add));
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

function explainCommand(): Command {
  return new Command("explain").description("explain an error code, such as K1302").argument("<code>");
}

function completionCommand(): Command {
  return new Command("completion")
    .description("print a completion script for a shell")
    .addArgument(new Argument("<shell>").choices(shells));
}
