import { type CommandWords, type NamedKind, type OptionWords, allOf, quoted } from "./completion-words.ts";

/** For fish 3 and newer. */
export function fishCompletion(program: CommandWords): string {
  const [name = ""] = program.path;
  const namesOf = (kind: NamedKind) => `(${name} complete ${kind} -- (commandline -opc)[2..-1] 2>/dev/null)`;
  const lines = allOf(program).flatMap((command) => {
    const condition = conditionOf(command);
    const words = [
      ...command.subcommands.map(({ path, description }) => ({ word: path.at(-1) ?? "", description })),
      ...command.choices.map((word) => ({ word, description: "" })),
    ];
    return [
      ...(command.names === null ? [] : [`${condition} -a ${quoted(namesOf(command.names))}`]),
      ...(command.paths === null ? [] : [`${condition} ${pathsOf(command.paths)}`]),
      ...words.map(({ word, description }) => `${condition} -a ${quoted(word)}${described(description)}`),
      ...command.options.map((option) => `${condition}${optionOf(option, namesOf)}`),
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

function optionOf(
  { flags, description, value, choices, names }: OptionWords,
  namesOf: (kind: NamedKind) => string,
): string {
  const words = flags.map((flag) =>
    flag.startsWith("--") ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`,
  );
  const taken = names === null ? valueOf(value, choices) : `-x -a ${quoted(namesOf(names))}`;
  return `${words.join("")}${value === null ? "" : ` ${taken}`}${described(description)}`;
}

/** `-r`: it needs a value; `-x`: one that is no file. */
function valueOf(value: OptionWords["value"], choices: readonly string[]): string {
  if (value === "file") return "-r -F";
  if (value === "folder") return `-x ${pathsOf(value)}`;
  return choices.length === 0 ? "-x" : `-x -a ${quoted(choices.join(" "))}`;
}

function pathsOf(paths: "file" | "folder"): string {
  return paths === "file" ? "-F" : "-a '(__fish_complete_directories)'";
}

function described(description: string): string {
  return description === "" ? "" : ` -d ${quoted(description)}`;
}
