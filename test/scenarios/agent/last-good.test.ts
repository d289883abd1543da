import { beforeAll, describe, expect, it } from "vitest";

import { usePlatform } from "../platform.ts";

const release = `
-- packages/web/package.yaml --
update: { order: stop-first, trial: 3s }
-- packages/web/compose.yaml --
services:
  web:
    image: IMAGES/web:1
    init: true
    stop_grace_period: 1s
`;

describe("a node whose branch has a commit with a mistake", () => {
  const platform = usePlatform({ release });
  let good: string;
  let bad: string;

  beforeAll(async () => {
    await platform().reconcile();
    good = await platform().repository.head();
    const { environment } = platform().paths;
    bad = await platform().push({ [environment]: (text) => `${text}unknown: 1\n` });
    await platform().reconcile();
  });

  it("must be held at the last good revision and repaired by it, and go on saying what is wrong", async () => {
    const { id } = await platform().stop("web/web");
    const round = await platform().reconcile();
    expect(await platform().container("web/web")).toMatchObject({ id, state: "running" });
    expect(round.exitCode).toBe(1);
    expect(round.status.errors).toMatchObject([{ code: "K1002" }]);
    expect(round.status.source).toMatchObject({ observed: bad, attempted: good, applied: good });
    const because = `is held at ${good.slice(0, 8)}: ${bad.slice(0, 8)} has problems`;
    expect(round.status.source.target).toEqual({ mode: "hold", because });
    expect(round.output).toContain(`the node ${because}`);
    expect(round.status.instances).toMatchObject([{ name: "web", state: "running", health: "healthy" }]);
  });

  it("must stay at the upgrade that was begun, and not go back behind it", async () => {
    await platform().repository.git("revert", "--no-edit", "HEAD");
    await platform().repository.push();
    const half = await platform().upgrade({
      "packages/web/compose.yaml": (text) =>
        `${text.replace(platform().image("web:1"), "IMAGES/web:2")}    healthcheck: { test: [CMD, "false"], interval: 1s, timeout: 1s, retries: 1 }\n`,
    });
    const failed = await platform().reconcile();
    expect(failed.status.source).toMatchObject({ attempted: half });
    expect(failed.status.source.applied).not.toBe(half);
    const { id } = await platform().container("web/web");

    await platform().push({ [platform().paths.environment]: (text) => `${text}unknown: 1\n` });
    const round = await platform().reconcile();
    expect(round.status.source.attempted).toBe(half);
    expect((await platform().container("web/web")).id).toBe(id);
  });
});
