import { chmod, readFile, rm, symlink, writeFile } from "node:fs/promises";

import { beforeAll, describe, expect, it } from "vitest";

import type { GitRepository } from "../../support/index.ts";
import { oneService } from "../releases.ts";
import { usePlatform } from "../platform.ts";

const folder = "releases/app/1.0.0";

describe("a node whose lock has the digest of its release", () => {
  const platform = usePlatform({ release: `${oneService}-- README.md --\nA page.\n` });
  let good: string;

  beforeAll(async () => {
    const { stdout } = await platform().keelson(["release", "digest", folder]);
    const locked = `$&\n    digest: ${stdout.trim()}`;
    good = await platform().push({
      [platform().paths.lock]: (text) => text.replace(/^ {4}version: 1.0.0$/m, locked),
    });
  });

  it("must deploy the release that was locked", async () => {
    const { status, exitCode } = await platform().reconcile();
    expect(exitCode).toBe(0);
    expect(status.source.applied).toBe(good);
    expect(await platform().container("web/web")).toMatchObject({ state: "running" });
  });

  it("must be held when something else comes under the same version, and go on when that is gone", async () => {
    const { id } = await platform().container("web/web");
    const bad = await platform().push({
      [`${folder}/packages/web/compose.yaml`]: (text) => text.replace("init: true", "init: false"),
    });
    const { status, exitCode } = await platform().reconcile();
    expect(exitCode).toBe(1);
    expect(status.errors).toMatchObject([{ code: "K1446" }]);
    expect(status.source).toMatchObject({ observed: bad, attempted: good, applied: good });
    expect((await platform().container("web/web")).id).toBe(id);

    const verified = await platform().keelson(["release", "verify", folder]);
    expect(verified.exitCode).toBe(1);
    expect(verified.stderr).toContain(`${folder} differs from ${platform().paths.lock}:`);
    expect(verified.stderr).toContain("`packages/web/compose.yaml` has another content");

    await platform().repository.git("revert", "--no-edit", "HEAD");
    await platform().repository.push();
    const mended = await platform().reconcile();
    expect(mended.exitCode).toBe(0);
    expect((await platform().container("web/web")).id).toBe(id);
  });

  it.each<[string, (repository: GitRepository) => Promise<void>]>([
    ["a file more", async ({ path }) => writeFile(`${path}/${folder}/packages/web/more.txt`, "more")],
    ["an executable bit", async ({ path }) => chmod(`${path}/${folder}/packages/web/compose.yaml`, 0o755)],
    ["a file less", async ({ path }) => rm(`${path}/${folder}/README.md`)],
    [
      "a link in the place of a file",
      async ({ path }) => {
        await rm(`${path}/${folder}/README.md`);
        await symlink("packages/web/compose.yaml", `${path}/${folder}/README.md`);
      },
    ],
    [
      "another digest in the lock",
      async ({ path }) => {
        const lock = `${path}/${platform().paths.lock}`;
        const text = await readFile(lock, "utf8");
        await writeFile(lock, text.replace(/sha256-\S+/, `sha256-${"A".repeat(43)}=`));
      },
    ],
  ])("must be told by check, by plan and by the node: %s", async (_what, tamper) => {
    const { repository } = platform();
    const before = await platform().containers();
    await tamper(repository);
    await repository.git("add", "--all");
    await repository.git("commit", "--quiet", "--message", "tampered");
    await repository.push();
    const plan = ["plan", "--config", platform().config];
    for (const command of [["check"], plan]) {
      const { exitCode, stderr } = await platform().keelson(command);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("error[K1446]")]);
    }
    const { exitCode, status } = await platform().reconcile();
    expect(exitCode).toBe(1);
    expect(status.errors).toMatchObject([{ code: "K1446" }]);
    expect(await platform().containers()).toEqual(before);
    await repository.git("revert", "--no-edit", "HEAD");
    await repository.push();
    expect((await platform().reconcile()).output).toContain("nothing to do");
  });
});
