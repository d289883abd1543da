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
 * A script that completes a program's commands, options and values in a shell. When it completes, it runs neither the
 * program nor anything else.
 */
export function completionScript(program: Command, shell: Shell): string {
  return scripts[shell](wordsOf(program));
}
