import { existsSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { withPlatform } from "../platform.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", volumes: ["data:/data"] }
volumes: { data: {} }
`;

it("a lost key must be said, and must not make everything that runs a stranger's", async () => {
  await withPlatform({ release }, async (platform) => {
    expect((await platform.reconcile()).exitCode).toBe(0);
    const before = await platform.containers();
    const key = join(platform.folder, "node.key");
    await rename(key, `${key}.copy`);
    await platform.upgrade({ "packages/web/compose.yaml": (text) => text.replace("app:1", "app:2") });

    const round = await platform.reconcile();
    expect(await platform.containers()).toEqual(before);
    expect(existsSync(key)).toBe(false);
    expect(round.exitCode).toBe(1);
    expect(round.status.errors).toEqual([expect.objectContaining({ code: "K5006", outcome: "stalled" })]);
    const args = `plan -e ${platform.environment} -n ${platform.node} --config ${platform.config}`;
    const plan = await platform.keelson(args.split(" "));
    expect(plan.stderr).toContain("error[K5006]");
    expect(plan.exitCode).toBe(1);

    await rename(`${key}.copy`, key);
    expect((await platform.reconcile()).exitCode).toBe(0);
    expect(await platform.pageOf("web/app")).toBe("app 2\n");
  });
});
