import type { Command } from "commander";

import { type Shell, completionScript } from "../completion.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";

/** The completion script of the whole program for a shell. */
export async function completion(program: Command, on: { shell: Shell; output: Output }): Promise<ExitCode> {
  const script = completionScript(program, on.shell);
  if (on.output.json) on.output.printJson({ shell: on.shell, script });
  else on.output.print(script.trimEnd());
  return exitCodes.done;
}
