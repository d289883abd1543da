import { Command, Option } from "commander";

import { parseRecipient } from "./recipient-argument.ts";
import { addRepositoryOption, configOption } from "./node-options.ts";

// Commands on the secrets that an environment has in Git.

const nameArgument =
  "the secret, as <release>.<secret>, or <instance>.<secret> of a local package; with --instance or --folder, <secret>";

function addSecretsOptions(command: Command): Command {
  return addRepositoryOption(command)
    .option("-e, --environment <name>", "environment (default: that of agent.yaml, or the only one)")
    .addOption(
      new Option(
        "--instance <name>",
        "the secrets of this instance alone, over those of its folder and of the environment",
      ),
    )
    .addOption(
      new Option(
        "--folder <dir>",
        "the secrets of the local package in this folder of the repository",
      ).conflicts("instance"),
    )
    .addOption(configOption());
}

function addIdentityOption(command: Command): Command {
  return command.option(
    "--identity <file>",
    "an age key that opens the secrets (default: SOPS_AGE_KEY_FILE, or this node's key)",
  );
}

function recipientOption(): Option {
  return new Option("--recipient <age1…>", "also encrypt to this key, such as a person's; may be repeated")
    .argParser((recipient: string, before: readonly string[]) => [...before, parseRecipient(recipient)])
    .default([], "none");
}

function addCommitOption(command: Command): Command {
  return command.option("--commit", "commit each file that is written, and nothing else");
}

export function setSecretCommand(): Command {
  const command = new Command("set")
    .description("encrypt a value, which is read from standard input, to the environment's nodes")
    .argument("<name>", nameArgument);
  return addCommitOption(addIdentityOption(addSecretsOptions(command)).addOption(recipientOption()));
}

export function getSecretCommand(): Command {
  const command = new Command("get")
    .description("print the value of a secret, as it is")
    .argument("<name>", nameArgument);
  return addIdentityOption(addSecretsOptions(command)).option(
    "--node",
    "with the key of this node, whatever else is set",
  );
}

export function listSecretsCommand(): Command {
  return addSecretsOptions(
    new Command("list").description(
      "list the secrets of an environment, from which file each comes, and who can open the files",
    ),
  );
}

export function rotateSecretsCommand(): Command {
  const command = new Command("rotate").description(
    "encrypt every file anew, to the keys that the environment's nodes have now, and to no others",
  );
  return addCommitOption(addIdentityOption(addSecretsOptions(command)).addOption(recipientOption()));
}

export function sealCommand(): Command {
  const command = new Command("seal")
    .description("encrypt a plain .env or YAML file to the environment's nodes, in the format of SOPS")
    .argument("<file>");
  return addIdentityOption(addSecretsOptions(command))
    .addOption(recipientOption())
    .option("--only <keys>", "encrypt the values of these keys alone, with commas between", (keys: string) =>
      keys.split(","),
    )
    .option("--output <file>", "the encrypted file (default: FILE.sops, or NAME.sops.yaml)");
}
