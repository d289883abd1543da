import { KeelsonError, stalled } from "@keelson/model";

import { readErrorsPage } from "../errors-page.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";

/** What an error code means and what to do about it, from docs/errors.md. */
export async function explain(code: string, output: Output): Promise<ExitCode> {
  const entry = findEntry(readErrorsPage(), code.toUpperCase());
  if (entry === null) {
    throw new KeelsonError({
      code: "K9012",
      message: `there is no error code ${code}`,
      hint: "Codes look like K1302; docs/errors.md lists all of them.",
      outcome: stalled,
    });
  }
  if (output.json) output.printJson(entry);
  else output.print(`${output.style("bold", `${entry.code}  ${entry.title}`)}\n\n${entry.text}`);
  return exitCodes.done;
}

/** An entry is a heading `### K1302 undefined variable` with the text up to the next heading. */
export function findEntry(page: string, code: string): { code: string; title: string; text: string } | null {
  const section = page.split(/^#{2,3} /m).find((each) => each.startsWith(`${code} `));
  if (section === undefined) return null;
  const [heading = "", ...lines] = section.split("\n");
  return { code, title: heading.slice(code.length).trim(), text: lines.join("\n").trim() };
}
