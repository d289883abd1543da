import { type CommandWords, type OptionWords, allOf, quoted } from "./completion-words.ts";

/** For zsh 5 with its own completion system (`compinit`). */
export function zshCompletion(program: CommandWords): string {
  const [name = ""] = program.path;
  return `#compdef ${name}
# zsh completion of ${name}: source <(${name} completion zsh), or as _${name} in a folder of fpath
_${name}_names() {
  local -a names=(\${(f)"$(${name} complete $1 -- $words[2,-1] 2>/dev/null)"})
  compadd -a names
}
${allOf(program)
  .map((command) => functionOf(command, name))
  .join("\n")}
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function functionOf(command: CommandWords, program: string): string {
  const { options, subcommands, choices, names, paths } = command;
  const specs = options.map((option) => specOf(option, program));
  if (names !== null) specs.push(quoted(`1: :{_${program}_names ${names}}`));
  if (paths !== null) specs.push(quoted(`1: :_files${paths === "file" ? "" : " -/"}`));
  if (choices.length > 0) specs.push(quoted(`1: :(${choices.join(" ")})`));
  const head = `${functionName(command)}() {`;
  if (subcommands.length === 0) return [head, `  _arguments -s ${specs.join(" \\\n    ")}`, "}"].join("\n");
  const words = subcommands.map(({ path, description }) =>
    quoted(`${path.at(-1) ?? ""}:${description.replaceAll(":", String.raw`\:`)}`),
  );
  return [
    head,
    "  local curcontext=$curcontext state line",
    `  local -a commands=(\n    ${words.join("\n    ")}\n  )`,
    `  _arguments -C -s ${[...specs, "'1: :->command'", "'*:: :->rest'"].join(" \\\n    ")}`,
    "  case $state in",
    "    command) _describe command commands ;;",
    "    rest)",
    "      case $line[1] in",
    ...subcommands.map((each) => `        ${each.path.at(-1)}) ${functionName(each)} ;;`),
    "      esac",
    "      ;;",
    "  esac",
    "}",
  ].join("\n");
}

function functionName({ path }: CommandWords): string {
  return `_${path.join("_")}`;
}

/** An option as `_arguments` wants it: `'(-C --repository)'{-C,--repository}'[description]: :_files -/'`. */
function specOf({ flags, description, value, choices, names }: OptionWords, program: string): string {
  const explained = `[${description.replaceAll(/[[\]\\]/g, String.raw`\$&`)}]`;
  const rest = quoted(
    `${explained}${names === null ? valueOf(value, choices) : `: :{_${program}_names ${names}}`}`,
  );
  return flags.length === 1
    ? `${flags[0]}${rest}`
    : `${quoted(`(${flags.join(" ")})`)}{${flags.join(",")}}${rest}`;
}

function valueOf(value: OptionWords["value"], choices: readonly string[]): string {
  if (value === null) return "";
  if (value === "file") return ": :_files";
  if (value === "folder") return ": :_files -/";
  return choices.length === 0 ? ": : " : `: :(${choices.join(" ")})`;
}
