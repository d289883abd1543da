import { type CommandWords, type OptionWords, allOf, quoted } from "./completion-words.ts";

/** For bash 4 and newer, without the package bash-completion. */
export function bashCompletion(program: CommandWords): string {
  const [name = ""] = program.path;
  const commands = allOf(program);
  const known = commands.slice(1).map(({ path }) => `${quoted(path.join(" "))}) path=$next ;;`);
  return `# bash completion of ${name}: source <(${name} completion bash)
_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local path=${name} next words= options= i count=0
  # Bash takes --option=value for three words.
  [[ $before != = ]] || before=\${COMP_WORDS[COMP_CWORD - 2]}
  [[ $word != = ]] || word=
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} != -- ]] || return 0
    next="$path \${COMP_WORDS[i]}"
    case $next in
${indented(known, 6)}
      *) [[ \${COMP_WORDS[i]} == -* || \${COMP_WORDS[i - 1]} == -* ]] || count=$((count + 1)) ;;
    esac
  done
  case $path in
${indented(commands.flatMap(caseOf), 4)}
  esac
  [[ $word != -* ]] || words=$options
  # compgen -W would run what stands in a name.
  IFS=$' \\t\\n' read -rd '' -a words <<<"$words"
  for next in "\${words[@]}"; do
    [[ $next != "$word"* ]] || COMPREPLY+=("$next")
  done
}
_${name}_names() {
  "\${COMP_WORDS[0]}" complete "$1" -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null
}
_${name}_paths() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}
complete -F _${name} ${name}
`;

  function caseOf({ path, options, subcommands, choices, names, paths }: CommandWords): string[] {
    const words = [...subcommands.map((each) => each.path.at(-1) ?? ""), ...choices];
    const values = options.filter(({ value }) => value !== null).map((option) => valueOf(option));
    return [
      `${quoted(path.join(" "))})`,
      `  words=${quoted(words.join(" "))}`,
      `  options=${quoted(options.flatMap(({ flags }) => flags).join(" "))}`,
      // Only for the first argument. What follows it is something else.
      ...(names === null ? [] : [`  ${unlessFirst} || words=$(_${name}_names ${names})`]),
      ...(values.length === 0 ? [] : ["  case $before in", ...values.map((line) => `    ${line}`), "  esac"]),
      ...(paths === null
        ? []
        : [`  ${unlessFirst} || { _${name}_paths ${paths === "file" ? "-f" : "-d"} "$word"; return; }`]),
      "  ;;",
    ];
  }

  function valueOf({ flags, value, choices, names }: OptionWords): string {
    const pattern = flags.join(" | ");
    if (value === "file") return `${pattern}) _${name}_paths -f "$word"; return ;;`;
    if (value === "folder") return `${pattern}) _${name}_paths -d "$word"; return ;;`;
    if (names !== null) return `${pattern}) words=$(_${name}_names ${names}) options= ;;`;
    return choices.length === 0
      ? `${pattern}) return ;;`
      : `${pattern}) words=${quoted(choices.join(" "))} options= ;;`;
  }
}

const unlessFirst = "[[ $word == -* || $before == -* && $before != -- ]] || ((count > 0))";

function indented(lines: readonly string[], columns: number): string {
  return lines.map((line) => `${" ".repeat(columns)}${line}`).join("\n");
}
