import { keelsonVersion } from "@keelson/model";
import { Command, Option } from "commander";

import { apply } from "./commands/apply.ts";
import { check } from "./commands/check.ts";
import { explain } from "./commands/explain.ts";
import { plan } from "./commands/plan.ts";
import { render } from "./commands/render.ts";
import { status } from "./commands/status.ts";
import {
  addNodeOptions,
  addReferenceOptions,
  addRepositoryOption,
  defaultConfigPath,
} from "./node-options.ts";
import { type ExitCode, type Output, makeOutput } from "./output.ts";

/** What runs a command: its typed options are read from the command itself. */
type Run = (command: Command, output: Output) => Promise<ExitCode>;

/** The command tree. `finish` gets each command's exit code; errors are thrown to the caller. */
export function makeProgram(finish: (code: ExitCode) => void, signal: AbortSignal): Command {
  const program = new Command("keelson")
    .description("GitOps for Docker Compose fleets: what runs on each node is what Git says.")
    .version(keelsonVersion)
    .showHelpAfterError("(keelson <command> --help shows what a command takes)");
  const add = (command: Command, run: Run) => {
    command.option("--json", "print JSON").action(async () => {
      finish(await run(command, makeOutput({ json: command.opts()["json"] === true })));
    });
    program.addCommand(command);
  };

  add(checkCommand(), async (command, output) => check(command.opts(), output));
  add(renderCommand(), async (command, output) => render(command.opts(), output));
  add(planCommand(), async (command, output) => plan(command.opts(), output));
  add(applyCommand(), async (command, output) => apply(command.opts(), { output, signal }));
  add(statusCommand(), async (command, output) => status(command.opts(), output));
  add(explainCommand(), async (command, output) => explain(command.args[0] ?? "", output));
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

function checkCommand(): Command {
  const command = new Command("check").description("find every problem of a state repository");
  return addRepositoryOption(command).addOption(revisionOption());
}

function renderCommand(): Command {
  const command = new Command("render").description(
    "show or write what a node would get, secrets as placeholders",
  );
  return addReferenceOptions(command)
    .addOption(revisionOption())
    .option("--out <dir>", "write the files into a new folder");
}

function planCommand(): Command {
  const command = new Command("plan").description(
    "show what would change on a node and why; changes nothing",
  );
  return addNodeOptions(command)
    .addOption(revisionOption())
    .option(
      "--from <rev>",
      "compare with what a revision would have running (or none) instead of asking the engine",
    )
    .option("--verbose", "also print every operation in its order")
    .option("--exit-code", "exit with 3 when there are changes");
}

function applyCommand(): Command {
  const command = new Command("apply").description("bring this machine to a committed revision");
  return addNodeOptions(command)
    .option("--revision <rev>", "the revision", "HEAD")
    .option("--verbose", "also print every operation in its order");
}

function statusCommand(): Command {
  return new Command("status")
    .description("show what this node last reported")
    .option("--local", "read the node's own folder (the only source yet)")
    .option("--config <file>", "agent.yaml of this node", defaultConfigPath)
    .option("--state-dir <dir>", "the node's state folder");
}

function explainCommand(): Command {
  return new Command("explain").description("explain an error code, such as K1302").argument("<code>");
}
