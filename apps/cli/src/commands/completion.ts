import type { Command } from "commander";

import { type Shell, completionScript } from "../completion.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";

/** The completion script of the whole program for a shell. */
export async function completion(
  program: Command,
  { shell, output }: { shell: Shell; output: Output },
): Promise<ExitCode> {
  const script = completionScript(program, shell);
  if (output.json) output.printJson({ shell, script });
  else output.print(script.trimEnd());
  return exitCodes.done;
}
