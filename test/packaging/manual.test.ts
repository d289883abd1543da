import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeProgram } from "../../apps/cli/src/program.ts";
import { makeManuals } from "../../packaging/manuals.ts";
import { type TempFolder, makeTempFolder, runProgram } from "../support/index.ts";
import { provideDebs } from "./private-programs.ts";

const manuals = Object.entries(makeManuals("1.2.3"));

let folder: TempFolder;
let mandoc: (...args: string[]) => ReturnType<typeof runProgram>;
beforeAll(async () => {
  folder = await makeTempFolder("keelson-manual-");
  for (const [name, text] of manuals) await writeFile(folder.join(name), text);
  const program = join(await provideDebs("mandoc", ["mandoc"]), "usr/bin/mandoc");
  mandoc = async (...args) => runProgram([program, ...args], { cwd: folder.path });
});
afterAll(async () => folder[Symbol.asyncDispose]());

describe.each(manuals)("%s", (name) => {
  it("must be a page without a fault", async () => {
    const { stdout, stderr } = await mandoc("-T", "lint", "-W", "warning", name);
    // Without a date the same commands give the same bytes.
    const faults = `${stdout}${stderr}`
      .split("\n")
      .filter((line) => line !== "" && !line.includes("missing date"));
    expect(faults).toEqual([]);
  });

  it("must print all that it holds as it is", async () => {
    const { stdout } = await mandoc("-T", "utf8", "-O", "width=200", name);
    const page = withoutOverstrike(stdout);
    expect(page).toContain("Keelson 1.2.3");
    expect(page).toContain("--config <file>");
    expect(page).not.toMatch(/\\[&e-]/);
  });
});

it("the page of keelson must have every command with every option that its help shows", async () => {
  const { stdout } = await mandoc("-T", "utf8", "-O", "width=200", "keelson.1");
  const page = withoutOverstrike(stdout);
  const program = makeProgram(() => {}, AbortSignal.abort());
  const shown = program.createHelp().visibleCommands(program);
  for (const command of shown.filter((each) => each.name() !== "help")) {
    const help = command.createHelp();
    expect(page).toContain(`keelson ${command.name()} ${command.usage()}`);
    for (const option of help.visibleOptions(command)) expect(page).toContain(help.optionTerm(option));
  }
});

/** A terminal of paper prints a character twice, with a backspace between, where it is bold. */
function withoutOverstrike(text: string): string {
  const parts = text.split("\b");
  return parts.map((part, index) => (index === parts.length - 1 ? part : part.slice(0, -1))).join("");
}
