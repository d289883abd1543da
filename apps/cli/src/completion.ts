import type { Command } from "commander";

import { bashCompletion } from "./completion-bash.ts";
import { fishCompletion } from "./completion-fish.ts";
import { type CommandWords, wordsOf } from "./completion-words.ts";
import { zshCompletion } from "./completion-zsh.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

const scripts: Record<Shell, (program: CommandWords) => string> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/**
 * A script that completes a program's commands, options and values in a shell. Only for names of environments, nodes and
 * instances it runs something when it completes: the program's own `complete`.
 */
export function completionScript(
  program: Command,
  { shell, codes }: { shell: Shell; codes: readonly string[] },
): string {
  const words = wordsOf(program);
  const explain = words.subcommands.find(({ path }) => path.at(-1) === "explain");
  if (explain !== undefined) explain.choices = [...codes];
  return scripts[shell](words);
}
