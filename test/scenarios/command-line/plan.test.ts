import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { beforeAll, describe, expect, it } from "vitest";

import {
  endProcess,
  keelsonCommand,
  plainEnvironment,
  runKeelson,
  sharedEngineHost,
  startEngineProxy,
  waitFor,
} from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1" }
`;

describe("keelson plan and apply", () => {
  const platform = usePlatform({ release });
  beforeAll(async () => {
    const { exitCode, output } = await platform().reconcile();
    if (exitCode !== 0) throw new Error(output);
  });

  it("must say where no Git repository is, as status does", async () => {
    const cwd = join(platform().folder, "elsewhere");
    await mkdir(cwd);
    for (const command of ["plan", "apply", "status"]) {
      const args = command === "status" ? [command] : [command, "--config", platform().config];
      const { exitCode, stderr } = await runKeelson(args, { cwd });
      expect([command, exitCode]).toEqual([command, 1]);
      expect(stderr).toMatch(/\[K2004\] \S+elsewhere is not a Git repository/);
    }
  });

  it("must say that no agent.yaml was read, and where it was looked for", async () => {
    const line = "no agent.yaml was read: there is no /etc/keelson/agent.yaml; name it with --config FILE\n";
    const node = ["-e", platform().environment, "-n", "n1"];
    // Without Compose they end before they would make the state folder of a node that is not the test's own.
    const env = { KEELSON_COMPOSE: "/nowhere/docker-compose" };
    for (const command of ["plan", "apply"]) {
      const { stderr } = await platform().keelson([command, ...node], { env });
      expect(stderr).toContain(line);
      expect(stderr).toContain("/nowhere/docker-compose");
      const named = await platform().keelson([command, "--config", platform().config], { env });
      expect(named.stderr).not.toContain("no agent.yaml");
    }
  });

  it("must say on a terminal that an observation goes on, and doctor why it does not end", async () => {
    await using proxy = await startEngineProxy(platform().dockerHost ?? sharedEngineHost());
    // As a volume plugin that is gone makes it.
    proxy.holdBack(/\/volumes/);
    const engine = ["--config", platform().config, "--docker-host", proxy.dockerHost];
    const words = keelsonCommand(["plan", "-C", platform().repository.path, ...engine]);
    const line = `stty rows 24 cols 200; ${words.map((word) => `'${word}'`).join(" ")}`;
    const child = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
      env: plainEnvironment(),
    });
    let shown = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (shown += chunk));
    try {
      const what = "what takes long";
      await waitFor(() => shown.includes("reading what the engine and the state folder have"), { what });
      const { stdout } = await runKeelson(["doctor", ...engine]);
      expect(stdout).toMatch(
        /key and containers.*listing volumes took longer than 10 s: a volume plugin may be gone/,
      );
      proxy.holdBack(null);
      await waitFor(() => shown.includes("nothing to do"), { what: "the plan" });
      if (child.exitCode === null) await once(child, "exit");
    } finally {
      await endProcess(child.pid ?? 0);
    }
  });
});
