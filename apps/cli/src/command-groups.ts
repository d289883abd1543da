import { Command } from "commander";

import { allowExplainCommand, allowListCommand, allowUnusedCommand } from "./allow-commands.ts";
import type { ExitCode, Output } from "./output.ts";
import {
  diffCommand,
  digestCommand,
  listCommand,
  lockImagesCommand,
  newCommand,
  packCommand,
  publishCommand,
  verifyCommand,
} from "./release-commands.ts";
import {
  getSecretCommand,
  listSecretsCommand,
  rotateSecretsCommand,
  sealCommand,
  setSecretCommand,
} from "./secrets-commands.ts";

// Commands that have a noun of their own: keelson release publish, and so on. A command is loaded when it runs.

/** Runs a command; its options are read from the command itself. */
export type Run = (command: Command, output: Output) => Promise<ExitCode>;

/** Adds a command with its `--json` to a group, or to the program itself. */
export type AddCommand = (command: Command, run: Run, parent?: Command) => void;

export function releaseGroup(add: AddCommand, signal: AbortSignal): Command {
  const release = new Command("release")
    .description("publish releases, compare them, and work with their digests and archives")
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
  add(
    diffCommand(),
    async (command, output) => {
      const [before = "", after = ""] = command.args;
      return (await import("./commands/release-diff.ts")).releaseDiff(command.opts(), {
        before,
        after,
        output,
      });
    },
    release,
  );
  add(
    newCommand(),
    async (command, output) =>
      (await import("./commands/release-new.ts")).releaseNew(command.opts(), {
        release: command.args[0] ?? "",
        output,
      }),
    release,
  );
  add(
    listCommand(),
    async (command, output) =>
      (await import("./commands/release-list.ts")).releaseList(command.opts(), output),
    release,
  );
  add(
    lockImagesCommand(),
    async (command, output) =>
      (await import("./commands/release-lock.ts")).releaseLock(command.opts(), {
        asked: command.args,
        output,
        signal,
      }),
    release,
  );
  add(
    publishCommand(),
    async (command, output) =>
      (await import("./commands/release-publish.ts")).releasePublish(command.opts(), {
        release: command.args[0] ?? "",
        output,
      }),
    release,
  );
  return release;
}

export function allowGroup(add: AddCommand): Command {
  const allow = new Command("allow")
    .description("show what packages may reach of the host")
    .configureHelp({ subcommandTerm: (command) => command.name() });
  add(
    allowExplainCommand(),
    async (command, output) =>
      (await import("./commands/allow-explain.ts")).allowExplain(command.opts(), output),
    allow,
  );
  add(
    allowListCommand(),
    async (command, output) => (await import("./commands/allow-list.ts")).allowList(command.opts(), output),
    allow,
  );
  add(
    allowUnusedCommand(),
    async (command, output) =>
      (await import("./commands/allow-unused.ts")).allowUnused(command.opts(), output),
    allow,
  );
  return allow;
}

export function secretsGroup(add: AddCommand): Command {
  const secrets = new Command("secrets")
    .description("work with the secrets that an environment has in Git, encrypted to its nodes")
    .configureHelp({ subcommandTerm: (command) => command.name() });
  const addSecrets = (command: Command, name: "set" | "get" | "list" | "rotate" | "seal") =>
    add(
      command,
      async (of, output) =>
        (await import("./commands/secrets.ts")).secretsCommands[name](of.opts(), {
          argument: of.args[0] ?? "",
          output,
        }),
      secrets,
    );
  addSecrets(setSecretCommand(), "set");
  addSecrets(getSecretCommand(), "get");
  addSecrets(listSecretsCommand(), "list");
  addSecrets(rotateSecretsCommand(), "rotate");
  addSecrets(sealCommand(), "seal");
  return secrets;
}
