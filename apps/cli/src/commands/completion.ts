import type { Command } from "commander";

import { type Shell, completionScript } from "../completion.ts";
import { readErrorsPage } from "../errors-page.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";

/** The completion script of the whole program for a shell. */
export async function completion(
  program: Command,
  { shell, output }: { shell: Shell; output: Output },
): Promise<ExitCode> {
  const script = completionScript(program, { shell, codes: listCodes(readErrorsPage()) });
  if (output.json) output.printJson({ shell, script });
  else output.print(script.trimEnd());
  return exitCodes.done;
}

/** All error codes, by the headings of their entries. */
function listCodes(page: string): string[] {
  return [...page.matchAll(/^### (K\d{4}) /gm)].map(([, code = ""]) => code);
}
