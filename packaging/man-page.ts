import type { Command } from "commander";

/** A part of a page that is not made from the commands: a heading with its entries. */
export interface ManSection {
  heading: string;
  entries: readonly (readonly [name: string, text: string])[];
}

/**
 * A manual page of section 1, in the macros of man(7), with all that `--help` says of a program and its commands. It has
 * no date, so that the same commands give the same bytes.
 */
export function manPage(
  program: Command,
  { version, sections }: { version: string; sections: readonly ManSection[] },
): string {
  const name = program.name();
  const help = program.createHelp();
  // The command `help` prints what `--help` prints.
  const commands = help.visibleCommands(program).filter((command) => command.name() !== "help");
  const lines = [
    `.TH ${name.toUpperCase()} 1 "" "Keelson ${version}" "Keelson"`,
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(endless(program.description()))}`,
    ".SH SYNOPSIS",
    `.B ${escaped(name)}`,
    '.I command\n.RI [ option "]... [" argument ]...',
    ".SH COMMANDS",
    ...commands.flatMap((command) => describeCommand(command, name)),
    ".SH OPTIONS",
    ...listOptions(program),
    ...sections.flatMap(({ heading, entries }) => [
      `.SH ${heading}`,
      ...entries.flatMap(([term, text]) => [".TP", `.B ${escaped(term)}`, escaped(text)]),
    ]),
  ];
  return `${lines.join("\n")}\n`;
}

function describeCommand(command: Command, program: string): string[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command).filter((each) => each.name() !== "help");
  const described = help.visibleArguments(command).flatMap((argument) => {
    return [".TP", `.I ${escaped(help.argumentTerm(argument))}`, escaped(help.argumentDescription(argument))];
  });
  return [
    `.SS "${escaped(`${program} ${command.name()} ${command.usage()}`)}"`,
    escaped(sentence(command.description())),
    ...described,
    ...listOptions(command),
    ...commands.flatMap((each) => describeCommand(each, `${program} ${command.name()}`)),
  ];
}

function listOptions(command: Command): string[] {
  const help = command.createHelp();
  return help
    .visibleOptions(command)
    .flatMap((option) => [
      ".TP",
      `.B ${escaped(help.optionTerm(option))}`,
      escaped(help.optionDescription(option)),
    ]);
}

/** Text as roff prints it. Without this, backslashes, dashes and a `.` at the start of a line would be commands of roff. */
function escaped(text: string): string {
  const plain = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq");
  return plain.replaceAll(/^(?=[.'])/gm, "\\&");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${endless(text).slice(1)}.`;
}

function endless(text: string): string {
  return text.replace(/\.$/, "");
}
