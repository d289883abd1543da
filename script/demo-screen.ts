import { spawn } from "node:child_process";
import { styleText } from "node:util";

import { checkout, plainEnvironment } from "@keelson/test/support";

/** What the demo shows, and the commands that it runs as a user would. */
export interface Screen {
  chapter: (title: string) => void;
  say: (text: string) => void;
  dim: (text: string) => void;
  /** Shows a command and its output as it comes; throws when it ends with another code than 0. */
  run: (command: readonly string[], options?: RunOptions) => Promise<void>;
}

export interface RunOptions {
  /** The folder of the checkout unless told. */
  cwd?: string;
  env?: Readonly<Record<string, string | undefined>>;
}

/** `hidden` is the folder whose path is left out of what is shown. */
export function makeScreen(on: { hidden: string; signal: AbortSignal }): Screen {
  const say = (text: string) => console.log(text);
  return {
    chapter: (title) => say(`\n${styleText("bold", `── ${title}`)}`),
    say,
    dim: (text) => say(styleText("dim", text)),
    run: async (command, { cwd = checkout, env = {} } = {}) => {
      on.signal.throwIfAborted();
      say(styleText("cyan", `\n$ ${show(command).replaceAll(`${on.hidden}/`, "")}`));
      const [program = "", ...args] = command;
      const color = process.stdout.isTTY ? "1" : undefined;
      const child = spawn(program, args, {
        cwd,
        env: plainEnvironment({ FORCE_COLOR: color, GIT_PAGER: "cat", ...env }),
        stdio: ["ignore", "inherit", "inherit"],
      });
      const exitCode = await new Promise<number | null>((resolve) => child.once("close", resolve));
      if (exitCode !== 0) throw new Error(`${show(command)} ended with ${exitCode}`);
    },
  };
}

/** As a user would type it. */
function show(command: readonly string[]): string {
  const [program = "", main = "", ...args] = command;
  const name = main.includes("apps/agent") ? "keelson-agent" : main.includes("apps/cli") ? "keelson" : null;
  const words = name === null ? [program, main, ...args] : [name, ...args];
  return words
    .map((word) => (/^[\w@%+=:,./*-]+$/.test(word) && !word.includes("*") ? word : `'${word}'`))
    .join(" ");
}
