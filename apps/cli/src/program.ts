import { Command, Option } from "commander";

import { type ApplyOptions, apply } from "./commands/apply.ts";
import { check } from "./commands/check.ts";
import { explain } from "./commands/explain.ts";
import { type PlanOptions, plan } from "./commands/plan.ts";
import { render } from "./commands/render.ts";
import { status } from "./commands/status.ts";
import {
  addNodeOptions,
  addReferenceOptions,
  addRepositoryOption,
  defaultConfigPath,
} from "./node-options.ts";
import { type ExitCode, type Output, makeOutput } from "./output.ts";
import { version } from "./version.ts";

/** The command tree. `finish` gets each command's exit code; errors are thrown to the caller. */
export function makeProgram(finish: (code: ExitCode) => void, signal: AbortSignal): Command {
  const program = new Command("keelson")
    .description("GitOps for Docker Compose fleets: what runs on each node is what Git says.")
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .showHelpAfterError("(keelson <command> --help shows what a command takes)");

  const add = <T extends object>(
    command: Command,
    run: (options: T, output: Output) => Promise<ExitCode>,
  ) => {
    command.option("--json", "print JSON").action(async (options: T & { json?: boolean }) => {
      finish(await run(options, makeOutput({ json: options.json ?? false })));
    });
    program.addCommand(command);
  };
  const revisionOption = () =>
    new Option("--revision <rev>", "a committed revision instead of the work tree");

  add(
    addRepositoryOption(
      new Command("check").description("find every problem of a state repository"),
    ).addOption(revisionOption()),
    check,
  );
  add(
    addReferenceOptions(
      new Command("render").description("show or write what a node would get, secrets as placeholders"),
    )
      .addOption(revisionOption())
      .option("--out <dir>", "write the files into a new folder"),
    render,
  );
  add(
    addNodeOptions(
      new Command("plan").description("show what would change on a node and why; changes nothing"),
    )
      .addOption(revisionOption())
      .option(
        "--from <rev>",
        "compare with what a revision would have running (or none) instead of asking the engine",
      )
      .option("--verbose", "also print every operation in its order")
      .option("--exit-code", "exit with 3 when there are changes"),
    (options: PlanOptions, output) => plan(options, output),
  );
  add(
    addNodeOptions(new Command("apply").description("bring this machine to a committed revision"))
      .option("--revision <rev>", "the revision", "HEAD")
      .option("--verbose", "also print every operation in its order"),
    (options: ApplyOptions, output) => apply(options, { output, signal }),
  );
  add(
    new Command("status")
      .description("show what this node last reported")
      .option("--local", "read the node's own folder (the only source yet)")
      .option("--config <file>", "agent.yaml of this node", defaultConfigPath)
      .option("--state-dir <dir>", "the node's state folder"),
    status,
  );
  const explainCommand = new Command("explain")
    .description("explain an error code, such as K1302")
    .argument("<code>");
  explainCommand.option("--json", "print JSON").action(async (code: string, options: { json?: boolean }) => {
    finish(await explain(code, makeOutput({ json: options.json ?? false })));
  });
  program.addCommand(explainCommand);
  add(new Command("version").description("print the version"), async (_options, output) => {
    if (output.json) output.printJson({ version });
    else output.print(version);
    return 0;
  });
  return program;
}
