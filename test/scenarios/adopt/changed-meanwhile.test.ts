import { execFileSync } from "node:child_process";

import { expect, it } from "vitest";

import { sharedEngineHost, startEngineProxy } from "../../support/index.ts";
import { withPlatform } from "../platform.ts";
import { composeFile } from "../releases.ts";
import { composeUp, idsOf } from "./compose-up.ts";

const text = `services:
  page: { image: "IMAGES/page:1", init: true, stop_grace_period: 1s, restart: unless-stopped }
`;
const options = {
  release: `-- ${composeFile} --\n${text}`,
  environment: { instances: { web: { package: "app/web", adopt: true } } },
  agent: { allow: { adopt: "all" } },
};

it("a container that somebody changes between the plan and the adoption must be looked at again", async () => {
  await withPlatform(options, async (platform) => {
    await composeUp(platform, { text });
    const [[id = ""] = []] = await idsOf(platform);
    const engine = platform.dockerHost ?? sharedEngineHost();
    let step: "waits" | "seen" | "changed" = "waits";
    // What the engine gives by default is asked for when the containers have been inspected, and before the plan.
    await using proxy = await startEngineProxy(engine, (line) => {
      if (line.includes(`/containers/${id}/json`) && step === "waits") step = "seen";
      if (!/^GET \S*\/info /.test(line) || step !== "seen") return;
      step = "changed";
      execFileSync("docker", ["--host", engine, "update", "--memory", "64m", "--memory-swap", "-1", id]);
    });
    await platform.configure({ dockerHost: proxy.dockerHost });
    const round = await platform.reconcile();
    expect(step).toBe("changed");
    expect(round.exitCode).toBe(1);
    expect(round.status.errors.map(({ code }) => code)).toEqual(["K3087"]);
    expect((await idsOf(platform)).map(([each]) => each)).toEqual([id]);
    // Now it is what it is: another one than the commit asks for.
    const plan = await platform.keelson(["plan", "--config", platform.config]);
    expect(plan.stdout).toContain("mem_limit differs");
  });
});
