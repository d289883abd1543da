import { beforeAll, describe, expect, it } from "vitest";

import { oneService } from "../releases.ts";
import { usePlatform } from "../platform.ts";

const folder = "releases/app/1.0.0";

describe("a node whose lock has the digest of its release", () => {
  const platform = usePlatform({ release: oneService });
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
});
