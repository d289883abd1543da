import { Command, InvalidArgumentError, Option } from "commander";

import type { EngineOptions } from "./commands/logs.ts";
import type { RunOptions } from "./commands/run.ts";
import { addNodeOptions } from "./node-options.ts";
import { parseSince, parseTail } from "./option-values.ts";

/** Options of commands that read what runs on this machine. They need no repository. */
function addEngineOptions(command: Command): Command {
  const needless = new Set(["repository", "environment", "node", "secrets"]);
  command.option("-e, --environment <name>", "environment (default: that of agent.yaml)");
  for (const option of addNodeOptions(new Command()).options) {
    if (!needless.has(option.attributeName())) command.addOption(option);
  }
  return command;
}

export function auditCommand(): Command {
  const command = new Command("audit").description(
    "list what reaches the host on this node, and what lies there although nothing uses it",
  );
  return addEngineOptions(command)
    .option("--grants", "only what containers have of the host, by the last round")
    .option(
      "--orphans",
      "only volumes and data folders that no desired service uses, and how to remove them",
    );
}

export function whereCommand(): Command {
  const command = new Command("where")
    .description("say where everything of an instance is on this node")
    .argument("<instance>");
  return addEngineOptions(command);
}

export function logsCommand(): Command {
  const command = new Command("logs")
    .description("show the logs of an instance's containers on this node")
    .argument("<instance>")
    .argument("[service...]");
  return addEngineOptions(command)
    .option("--secrets <file>", "YAML file of the node's secrets; their values are hidden in the logs")
    .option("-f, --follow", "keep printing new lines, until interrupted")
    .addOption(
      new Option("--tail <n>", "only the last n lines of each container").argParser(parseTail).default("all"),
    )
    .addOption(
      new Option("--since <when>", "only lines since a time, or within a duration such as 10m").argParser(
        parseSince,
      ),
    )
    .option("-t, --timestamps", "begin each line with its time");
}

export function execCommand(
  run: (
    options: EngineOptions & { index?: number },
    target: { instance: string; service: string; command: readonly string[] },
  ) => Promise<void>,
): Command {
  const command = new Command("exec")
    .description("run a command in the container of a service on this node")
    .argument("<instance>")
    .argument("<service>")
    .argument("<command...>")
    .addHelpText(
      "after",
      "\nOptions of keelson come before the instance.\nWhat follows the service belongs to the command.",
    )
    // Words that begin with a dash, too.
    .passThroughOptions();
  const index = new Option("--index <n>", "which container, by number (default: the first that runs)");
  // Habits of `docker exec`, accepted and without effect: a terminal is used where there is one.
  const habits = ["-i, --interactive", "-t, --tty"].map((flags) => new Option(flags).hideHelp());
  for (const habit of habits) command.addOption(habit);
  return addEngineOptions(command)
    .addOption(index.argParser(readIndex))
    .action(async (instance: string, service: string, words: readonly string[]) => {
      const ownWords = words[0] === "--" ? words.slice(1) : words;
      if (ownWords.length === 0) command.error("error: missing required argument 'command'");
      await run(command.opts(), { instance, service, command: ownWords });
    });
}

export function runCommand(
  run: (
    options: RunOptions,
    target: { instance: string; service: string; command: readonly string[] },
  ) => Promise<void>,
): Command {
  const command = new Command("run")
    .description("run a service once more on this node, such as a job, and show its output")
    .argument("<instance>")
    .argument("<service>")
    .argument("[command...]")
    .addHelpText(
      "after",
      "\nOptions of keelson come before the instance.\nWhat follows the service runs in place of its own command.",
    )
    // Words that begin with a dash, too.
    .passThroughOptions();
  return addEngineOptions(command)
    .option("--secrets <file>", "YAML file of the node's secrets, of which the service may need some")
    .option("--force", "also on a suspended node")
    .action(async (instance: string, service: string, words: readonly string[]) => {
      const ownWords = words[0] === "--" ? words.slice(1) : words;
      await run(command.opts(), { instance, service, command: ownWords });
    });
}

function readIndex(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be the number of a container, from 1 on.");
}
