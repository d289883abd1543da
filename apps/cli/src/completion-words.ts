import type { Command, Option } from "commander";

/** A command and what can follow it on a command line. The completion scripts are made from this. */
export interface CommandWords {
  /** The command's words with the program's name first, such as `["keelson", "plan"]`. */
  path: string[];
  description: string;
  options: OptionWords[];
  subcommands: CommandWords[];
  /** The values of its arguments, where there is a choice. */
  choices: string[];
  /** What its first argument names; null: nothing that can be listed. */
  names: NamedKind | null;
  /** What its first argument is a path of; null: of nothing. */
  paths: "file" | "folder" | null;
}

/** What `keelson complete` lists when a script completes. */
export const namedKinds = ["environments", "nodes", "instances"] as const;
export type NamedKind = (typeof namedKinds)[number];

/** By the long flags of options and the names of arguments. */
const kindOf: Readonly<Record<string, NamedKind>> = {
  "--environment": "environments",
  "--node": "nodes",
  instance: "instances",
};

export interface OptionWords {
  /** `-C` and `--repository`, or one of them. */
  flags: string[];
  description: string;
  /** The kind of its value; null when it takes none, or one that may be left out and that nothing can be said of. */
  value: "file" | "folder" | "other" | null;
  choices: readonly string[];
  /** What its value names; null: nothing that can be listed. */
  names: NamedKind | null;
}

/** The words of a command and of its subcommands, in the order of the help. */
export function wordsOf(command: Command, above: readonly string[] = []): CommandWords {
  const help = command.createHelp();
  const path = [...above, command.name()];
  const subcommands = help.visibleCommands(command).map((each) => wordsOf(each, path));
  for (const each of subcommands) {
    // Commander adds the command `help` by itself.
    if (each.path.at(-1) === "help") each.choices = subcommands.map((other) => other.path.at(-1) ?? "");
  }
  return {
    path,
    description: command.description(),
    options: help.visibleOptions(command).map(optionOf),
    subcommands,
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    names: kindOf[command.registeredArguments[0]?.name() ?? ""] ?? null,
    paths: pathOf(command.registeredArguments[0]?.name() ?? ""),
  };
}

/** A file, or a folder: shells complete folders among files, too. */
function pathOf(name: string): CommandWords["paths"] {
  if (name === "dir") return "folder";
  return name === "dir-or-archive" ? "file" : null;
}

function optionOf(option: Option): OptionWords {
  const kind = /[<[](file|dir)[>\]]/.exec(option.flags)?.[1];
  const value = kind === "file" ? "file" : kind === "dir" ? "folder" : "other";
  const takesValue = option.required || (option.optional && kind !== undefined);
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    value: takesValue ? value : null,
    choices: option.argChoices ?? [],
    names: kindOf[option.long ?? ""] ?? null,
  };
}

/** A command and its subcommands, as one list. */
export function allOf(command: CommandWords): CommandWords[] {
  return [command, ...command.subcommands.flatMap(allOf)];
}

/** The text in single quotes, for a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
