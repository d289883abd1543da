import { type CommandWords, type OptionWords, allOf, quoted } from "./completion-words.ts";

/** For fish 3 and newer. */
export function fishCompletion(program: CommandWords): string {
  const [name = ""] = program.path;
  const lines = allOf(program).flatMap((command) => {
    const condition = conditionOf(command);
    const words = [
      ...command.subcommands.map(({ path, description }) => ({ word: path.at(-1) ?? "", description })),
      ...command.choices.map((word) => ({ word, description: "" })),
    ];
    return [
      ...words.map(({ word, description }) => `${condition} -a ${quoted(word)}${described(description)}`),
      ...command.options.map((option) => `${condition}${optionOf(option)}`),
    ];
  });
  return `# fish completion of ${name}: ${name} completion fish >~/.config/fish/completions/${name}.fish
complete -c ${name} -f
${lines.map((line) => `complete -c ${name} ${line}`).join("\n")}
`;
}

/** The line so far has the words of the command, and none of a command below it. */
function conditionOf({ path, subcommands }: CommandWords): string {
  const seen = path.slice(1).map((word) => `__fish_seen_subcommand_from ${word}`);
  const below = subcommands.map((each) => each.path.at(-1)).join(" ");
  const isLast = subcommands.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below}`];
  return `-n ${quoted([...seen, ...isLast].join("; and "))}`;
}

function optionOf({ flags, description, value, choices }: OptionWords): string {
  const words = flags.map((flag) =>
    flag.startsWith("--") ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`,
  );
  return `${words.join("")}${value === null ? "" : ` ${valueOf(value, choices)}`}${described(description)}`;
}

/** `-r`: it needs a value; `-x`: one that is no file. */
function valueOf(value: NonNullable<OptionWords["value"]>, choices: readonly string[]): string {
  if (value === "file") return "-r -F";
  if (value === "folder") return "-x -a '(__fish_complete_directories)'";
  return choices.length === 0 ? "-x" : `-x -a ${quoted(choices.join(" "))}`;
}

function described(description: string): string {
  return description === "" ? "" : ` -d ${quoted(description)}`;
}
