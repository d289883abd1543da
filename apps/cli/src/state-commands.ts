import { resolve } from "node:path";

import { Command, Option } from "commander";

import { addNodeOptions, addReferenceOptions, addRepositoryOption, configOption } from "./node-options.ts";
import { parseRecipient } from "./recipient-argument.ts";

// Commands that begin with a state repository: what is to be.

function revisionOption(): Option {
  return new Option("--revision <rev>", "a committed revision instead of the work tree");
}

export function initCommand(): Command {
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

export function importCommand(): Command {
  const command = new Command("import")
    .description(
      "propose an environment for Compose folders as they are, and what they may reach; nothing is changed",
    )
    .argument("[dir...]", "folders with a Compose file (default: all of the repository)");
  return addRepositoryOption(command)
    .option("-e, --environment <name>", "the new environment", "home")
    .option("-n, --node <name>", "its node (default: this machine's name)")
    .option("--write", "write environment.yaml and the node's file; nothing that is there is changed")
    .addOption(
      new Option(
        "--seal [age1…]",
        "encrypt the secrets in plain .env files where they stand, to this key of the node (default: that of this machine's agent.yaml)",
      ).argParser(parseRecipient),
    )
    .addOption(configOption())
    .option("--engine", "also look for projects that run, to take them over without a restart")
    .option(
      "--docker-host <address>",
      "address of the Docker engine (default: DOCKER_HOST, or the standard socket)",
    );
}

export function checkCommand(): Command {
  const command = new Command("check").description("find every problem in a state repository");
  return addRepositoryOption(command).addOption(revisionOption());
}

export function renderCommand(): Command {
  const command = new Command("render").description(
    "list or write the files that a node would get, with placeholders for secrets",
  );
  return addReferenceOptions(command)
    .addOption(revisionOption())
    .option("--out <dir>", "write the files into this folder, which must be new or empty");
}

export function planCommand(): Command {
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

export function applyCommand(): Command {
  const command = new Command("apply").description("bring this machine to a committed revision");
  return addNodeOptions(command)
    .option("--revision <rev>", "the revision to apply", "HEAD")
    .option("--verbose", "also print every operation, in order")
    .option("--timing", "also print how long each step took")
    .option("--force", "also beside a running agent, and on a suspended node");
}

export function renewCommand(): Command {
  const command = new Command("renew")
    .description(
      "let an instance on a node go on without data that it had: with empty volumes, or without a volume",
    )
    .argument("<instance>");
  return addReferenceOptions(command).option("--commit", "commit the node's file, and nothing else");
}

export function lockCommand(): Command {
  const command = new Command("lock").description(
    "write the locks: the highest version of each release in its range, with the digest of its folder",
  );
  return addRepositoryOption(command)
    .option("-e, --environment <name>", "only this environment (default: all)")
    .option("--commit", "commit the locks, and nothing else");
}

export function upgradeCommand(): Command {
  const command = new Command("upgrade")
    .description("take environments to another version of a release, and show what each node would do")
    .argument("<release>", "its name, or NAME@RANGE, such as shop@^1.2.0");
  return addRepositoryOption(command)
    .option("-e, --environment <name>", "only this environment (default: all that use the release)")
    .option("--commit", "commit the change, and nothing else")
    .option("--branch [name]", "commit it on a new branch (default: upgrade/NAME-VERSION)");
}
