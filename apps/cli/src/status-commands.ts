import { Command, InvalidArgumentError, Option } from "commander";

import { addNodeOptions, addRepositoryOption, configDefault, configOption } from "./node-options.ts";
import { parseTimeout } from "./option-values.ts";

// Commands that ask nodes how they are.

export function statusCommand(): Command {
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

export function syncCommand(): Command {
  const timeout = new Option("--timeout <duration>", "how long to wait")
    .argParser(parseTimeout)
    .default(15 * 60_000, "15m");
  return new Command("sync")
    .description("ask this node's agent for a round now, wait for it, and show the status")
    .addOption(configOption())
    .addOption(timeout);
}

export function doctorCommand(): Command {
  const command = new Command("doctor").description(
    "check what this node needs, and say how to mend what is missing; nothing is changed",
  );
  const needless = new Set(["repository", "environment", "node"]);
  for (const option of addNodeOptions(new Command()).options) {
    if (!needless.has(option.attributeName())) command.addOption(option);
  }
  return command;
}
