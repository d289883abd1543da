import { beforeAll, describe, expect, it } from "vitest";

import { usePlatform } from "../platform.ts";
import { composeFile } from "../releases.ts";
import { parseFiles } from "../repository-text.ts";
import { composeUp } from "./compose-up.ts";

const release = `
-- ${composeFile} --
services:
  page:
    image: IMAGES/page:1
    init: true
    command: [sh, -c, "echo told by page; sleep 1000000"]
    stop_grace_period: 1s
    restart: unless-stopped
    volumes: ["data:/data"]
  store:
    image: IMAGES/store:1
    init: true
    command: [sh, -c, "echo told by store; sleep 1000000"]
    stop_grace_period: 1s
    restart: unless-stopped
    volumes: ["store:/store"]
volumes: { data: {}, store: {} }
`;
const composeText = parseFiles(release)[composeFile] ?? "";

describe("what was adopted", () => {
  const platform = usePlatform({
    release,
    environment: {
      policy: { allowMassRemoval: true },
      instances: { web: { package: "app/web", adopt: true } },
    },
    agent: { allow: { adopt: "all" } },
  });
  const keelson = async (...args: readonly string[]) => {
    const [command = "", ...rest] = args;
    return platform().keelson([command, "--config", platform().config, ...rest], { cwd: platform().folder });
  };
  const toldBy = async () => {
    const { stdout } = await keelson("logs", "web");
    return ["page", "store"].filter((service) => stdout.includes(`told by ${service}`));
  };
  beforeAll(async () => {
    await composeUp(platform(), { text: composeText });
    const { exitCode, output } = await platform().reconcile();
    if (exitCode !== 0) throw new Error(output);
  });

  it("must be known to logs, exec and run", async () => {
    expect(await toldBy()).toEqual(["page", "store"]);
    expect((await keelson("exec", "web", "page", "cat", "/data/it")).stdout).toBe("precious\n");
    expect((await keelson("run", "web", "store", "echo", "once")).stdout).toBe("once\n");
  });

  it("must be known to them beside what Keelson has made anew", async () => {
    await platform().upgrade({ [composeFile]: (text) => text.replace("page:1", "page:2") });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await toldBy()).toEqual(["page", "store"]);
    expect((await keelson("exec", "web", "store", "cat", "/store/it")).stdout).toBe("precious\n");
  });

  it("must leave volumes of which the audit tells once it is removed", async () => {
    expect((await keelson("audit", "--orphans")).stdout).toContain("No data of this node is left behind.");
    await platform().push({
      [platform().paths.environment]: (text) => text.replace("adopt: true", "state: absent"),
    });
    const { exitCode, output } = await platform().reconcile();
    expect([exitCode, output]).toEqual([0, expect.any(String)]);
    const { stdout } = await keelson("audit", "--orphans");
    for (const volume of ["data", "store"]) {
      expect(stdout).toContain(`docker volume rm ${platform().project("web")}_${volume}`);
    }
  });
});
