import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { readPage } from "../documents/example.ts";
import { withPlatform } from "../scenarios/platform.ts";
import { oneService } from "../scenarios/releases.ts";
import {
  checkout,
  makeTempFolder,
  outputOf,
  plainEnvironment,
  runProgram,
  waitFor,
} from "../support/index.ts";

const version = "libs/model/src/version.ts";

it("a checkout must be upgraded by the commands of the operations page, and every container stays as it is", async () => {
  const page = await readPage("docs/operations.md");
  const shown = page.blocks.find(({ text }) => text.includes("git -C /opt/keelson pull"))?.text ?? "";
  const commands = [...shown.matchAll(/^\$ (.*)$/gm)].map(([, command = ""]) => command);
  expect(commands.at(-1)).toBe("systemctl restart keelson-agent");

  await using folder = await makeTempFolder("keelson-pull-");
  const [origin, clone] = [folder.join("origin"), folder.join("keelson")];
  const git = async (...args: string[]) =>
    outputOf(["git", "-c", "user.name=test", "-c", "user.email=test@example.org", ...args]);
  await git("clone", "--quiet", checkout, origin);
  await git("clone", "--quiet", origin, clone);
  const run = async (command: string) =>
    outputOf(["bash", "-ec", command.replaceAll("/opt/keelson", clone)], {
      env: plainEnvironment({ KEELSON_COMPOSE: process.env["KEELSON_COMPOSE"] }),
      timeoutMs: 240_000,
    });
  await run("/opt/keelson/script/setup");
  expect(await run("/opt/keelson/script/keelson version")).toBe("0.1.0\n");

  await withPlatform({ release: oneService }, async (platform) => {
    const start = () => {
      const program = spawn(`${clone}/script/keelson-agent`, ["run", "--config", platform.config], {
        env: plainEnvironment(),
        stdio: "ignore",
      });
      const end = async () => {
        program.kill("SIGTERM");
        if (program.exitCode === null && program.signalCode === null) await once(program, "exit");
      };
      return { end, [Symbol.asyncDispose]: end };
    };
    const sync = async () =>
      waitFor(
        async () => {
          const asked = ["sync", "--config", platform.config, "--json"];
          const { stdout, stderr } = await runProgram([`${clone}/script/keelson`, ...asked], {
            env: plainEnvironment(),
          });
          if (stdout === "") throw new Error(stderr);
          const { agent, conditions }: { agent: { version: string }; conditions: object[] } =
            JSON.parse(stdout);
          return { version: agent.version, conditions };
        },
        { what: "the agent", timeoutMs: 120_000 },
      );
    const ready = expect.arrayContaining([expect.objectContaining({ type: "Ready", status: "true" })]);

    await using old = start();
    expect(await sync()).toEqual({ version: "0.1.0", conditions: ready });
    const before = await platform.containers();
    const text = await readFile(`${origin}/${version}`, "utf8");
    await writeFile(`${origin}/${version}`, text.replace('"0.1.0"', '"0.1.1"'));
    await git("-C", origin, "commit", "--quiet", "--all", "--message", "chore: 0.1.1");
    for (const command of commands.slice(0, -1)) await run(command);
    await old.end();
    await using young = start();
    expect(await sync()).toEqual({ version: "0.1.1", conditions: ready });
    expect(await run("/opt/keelson/script/keelson version")).toBe("0.1.1\n");
    expect(await platform.containers()).toEqual(before);
    await young.end();
  });
});
