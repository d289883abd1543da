import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { checkout, makeTempFolder, runProgram } from "../support/index.ts";
import { readPages, shellEnvironment } from "./example.ts";
import { stepsOf } from "./markdown.ts";

// node test/documents/write-help.ts
// Brings the texts of `--help` on the pages of docs/spec up to what the commands say.

await using home = await makeTempFolder();
const env = await shellEnvironment(home.path, {});
for (const { path, text, blocks } of await readPages("docs/spec")) {
  let written = text;
  for (const { command, output } of blocks
    .filter(({ language }) => language === "console")
    .flatMap(stepsOf)) {
    if (!command.endsWith(" --help")) continue;
    const { stdout } = await runProgram(["bash", "-c", command], { env });
    written = written.replace(`$ ${command}\n${output}`, () => `$ ${command}\n${stdout}`);
  }
  if (written !== text) await writeFile(join(checkout, path), written);
}
