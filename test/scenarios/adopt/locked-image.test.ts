import { expect, it } from "vitest";

import { withPlatform } from "../platform.ts";
import type { Platform } from "../platform.ts";
import { composeUp, idsOf } from "./compose-up.ts";
import { release, text } from "./running-project.ts";

const instances = { web: { package: "app/web", adopt: true } };
const lockFile = "images.lock.yaml";

/** Locks `page:1` to this id, which is all that an engine knows of an image that no registry has. */
function lockTo(platform: Platform, id: string): string {
  const architecture = process.arch === "x64" ? "amd64" : process.arch;
  return `images:\n  ${platform.image("page:1")}: { digest: "${id}", platforms: { linux/${architecture}: "${id}" } }\n`;
}

it("must be adopted without a restart by the bytes that are locked, whatever its tag names by then", async () => {
  await withPlatform(
    { release, environment: { instances }, agent: { allow: { adopt: "all" } } },
    async (platform) => {
      const idOf = async (tag: string) => (await platform.docker.getImage(platform.image(tag)).inspect()).Id;
      await composeUp(platform, { text });
      const before = await idsOf(platform);
      const runs = await idOf("page:1");
      // Another image under the same tag, as after somebody's pull or build.
      const name = platform.image("page:1");
      const store = platform.docker.getImage(platform.image("store:1"));
      await store.tag({ repo: name.slice(0, name.lastIndexOf(":")), tag: "1" });
      expect(await idOf("page:1")).not.toBe(runs);
      const plan = async () => (await platform.keelson(["plan", "--config", platform.config])).stdout;
      expect(await plan()).toContain("image differs");

      await platform.upgrade({ [lockFile]: lockTo(platform, runs) });
      expect(await plan()).toContain("0 restarts");
      const round = await platform.reconcile();
      expect([round.exitCode, round.status.errors]).toEqual([0, []]);
      expect(await idsOf(platform)).toEqual(before);

      // And it is made of them when it is made anew: the tag would give something else.
      await platform.upgrade({
        "packages/web/compose.yaml": (file) => file.replace("GREETING: hello", "GREETING: bye"),
      });
      expect((await platform.reconcile()).exitCode).toBe(0);
      const made = await platform.container("web/page");
      expect(before.map(([id]) => id)).not.toContain(made.id);
      expect((await platform.docker.getContainer(made.id).inspect()).Image).toBe(runs);
      expect(await platform.exec("web/page", "cat", "/data/it")).toBe("precious\n");
      expect((await platform.reconcile()).worked).toBe(false);
    },
  );
});
