import { existsSync } from "node:fs";

import { expect, it } from "vitest";

import { type Page, readPage, readPages, runConsole, shellEnvironment } from "../../documents/example.ts";
import type { Block } from "../../documents/markdown.ts";
import { checkout, findFreePort, findLeftovers, makeTempFolder, startEngine } from "../../support/index.ts";

/** The port that the pages use; the test takes a free one for it. */
const shownPort = "8090";

it("the quick start must answer what it shows, word by word, and leave nothing", async () => {
  const readme = engineBlocks(await readPage("README.md"));
  const cleanUp = readme.slice(-1);
  // What other pages show of the same platform is true once it runs.
  const others = [...(await readPages("docs/spec")), await readPage("docs/debugging.md")].flatMap(
    engineBlocks,
  );
  await using home = await makeTempFolder("keelson-home-");
  await using engine = await startEngine();
  const env = await shellEnvironment(home.path, { DOCKER_HOST: engine.dockerHost });
  const port = String(await findFreePort());

  const findings: (string | null)[] = [];
  for (const block of [...readme.slice(0, -1), ...others, ...cleanUp]) {
    const text = block.text.replaceAll(shownPort, port);
    findings.push(await runConsole({ ...block, text }, { cwd: checkout, env, timeoutMs: 120_000 }));
  }

  expect(findings.filter((finding) => finding !== null)).toEqual([]);
  expect(await findLeftovers(engine.docker, "lab-")).toEqual({ containers: [], networks: [], volumes: [] });
  expect(await engine.docker.listImages()).toEqual([]);
  expect(existsSync(home.join("keelson-try"))).toBe(false);
});

function engineBlocks(page: Page): Block[] {
  return page.blocks.filter(({ language, attributes }) => language === "console" && "engine" in attributes);
}
