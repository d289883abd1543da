import type { Command, Option } from "commander";

/** What can follow on a command line: all that the scripts are made from. */
export interface CommandWords {
  /** Words from the program's name on, such as `["keelson", "plan"]`. */
  path: string[];
  description: string;
  options: OptionWords[];
  subcommands: CommandWords[];
  /** Values of its arguments, where they are a choice. */
  choices: string[];
}

export interface OptionWords {
  /** `-C` and `--repository`, or one of them. */
  flags: string[];
  description: string;
  /** What its value is; null when it needs none. */
  value: "file" | "folder" | "other" | null;
  choices: readonly string[];
}

/** The command and all below it; in the order of their help. */
export function wordsOf(command: Command, above: readonly string[] = []): CommandWords {
  const help = command.createHelp();
  const path = [...above, command.name()];
  const subcommands = help.visibleCommands(command).map((each) => wordsOf(each, path));
  for (const each of subcommands) {
    // The one that commander adds by itself.
    if (each.path.at(-1) === "help") each.choices = subcommands.map((other) => other.path.at(-1) ?? "");
  }
  return {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map(optionOf),
    subcommands,
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
}

function optionOf(option: Option): OptionWords {
  const kind = /<(file|dir)>/.exec(option.flags)?.[1];
  const value = kind === "file" ? "file" : kind === "dir" ? "folder" : "other";
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    value: option.required ? value : null,
    choices: option.argChoices ?? [],
  };
}

/** The command with all below it, as one list. */
export function allOf(command: CommandWords): CommandWords[] {
  return [command, ...command.subcommands.flatMap(allOf)];
}

/** A text between single quotes of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
