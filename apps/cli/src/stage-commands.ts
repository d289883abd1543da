import { Command } from "commander";

import type { AddCommand } from "./command-groups.ts";
import { addNodeOptions, configOption } from "./node-options.ts";

/** `keelson stage`, which stages a release by itself and has commands for what is staged below it. */
export function addStageCommands(add: AddCommand, signal: AbortSignal): void {
  const stage = stageCommand();
  add(stage, async (command, output) =>
    (await import("./commands/stage.ts")).stage(command.opts(), {
      asked: command.args[0] ?? "",
      output,
      signal,
    }),
  );
  add(
    listCommand(),
    async (command, output) => (await import("./commands/stage-list.ts")).stageList(command.opts(), output),
    stage,
  );
  add(
    verifyCommand(),
    async (command, output) =>
      (await import("./commands/stage-verify.ts")).stageVerify(command.opts(), {
        asked: command.args[0] ?? null,
        output,
        signal,
      }),
    stage,
  );
  add(
    gcCommand(),
    async (command, output) =>
      (await import("./commands/stage-gc.ts")).stageGc(command.opts(), { output, signal }),
    stage,
  );
}

function stageCommand(): Command {
  return (
    new Command("stage")
      .description("bring a release and its images onto this node, and start nothing")
      .argument("<release>", "NAME, as it is locked, or NAME@VERSION")
      .configureHelp({ subcommandTerm: (command) => command.name() })
      .addOption(configOption())
      // So that an option after `list` and the like belongs to that command.
      .enablePositionalOptions()
  );
}

function listCommand(): Command {
  return addStoreOptions(new Command("list").description("list the releases that are staged on this node"));
}

function verifyCommand(): Command {
  const command = new Command("verify")
    .description("read through what is staged, and name what was changed")
    .argument("[release]", "NAME or NAME@VERSION (default: all)");
  return addStoreOptions(command);
}

function gcCommand(): Command {
  return addStoreOptions(
    new Command("gc").description("remove the staged releases that this node does not need"),
  );
}

/** They need no repository. */
function addStoreOptions(command: Command): Command {
  const needed = new Set(["config", "stateDir", "dockerHost"]);
  for (const option of addNodeOptions(new Command()).options)
    if (needed.has(option.attributeName())) command.addOption(option);
  return command;
}
