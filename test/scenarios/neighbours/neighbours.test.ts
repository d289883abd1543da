import { expect, it } from "vitest";
import { findLeftovers, uniqueName } from "../../support/index.ts";
import { makeLoggedPrograms } from "../logged-programs.ts";
import { startPlatform, withPlatform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

const release = `
-- packages/web/compose.yaml --
services:
  app: { image: "IMAGES/app:1", volumes: ["data:/data"], networks: [inner] }
networks: { inner: {} }
volumes: { data: {} }
`;

it("two environments with the same instances on one node must not touch each other's things", async () => {
  await withPlatform({ release }, async (first) => {
    await using second = await startPlatform({ release });
    const rounds = await Promise.all([first.reconcile(), second.reconcile()]);
    expect(rounds.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    await second.exec("web/app", "sh", "-c", "echo second > /data/note");
    const before = await second.containers();

    await first.upgrade({ "packages/web/compose.yaml": (text) => text.replace("app:1", "app:2") });
    expect((await first.reconcile()).exitCode).toBe(0);
    expect(await first.pageOf("web/app")).toBe("app 2\n");
    expect(await second.containers()).toEqual(before);

    await first.push(wantInstances(first, {}, { version: "1.0.1" }));
    expect((await first.reconcile()).exitCode).toBe(0);
    expect(await findLeftovers(first.docker, first.project("web"))).toMatchObject({
      containers: [],
      networks: [],
    });
    expect(await second.containers()).toEqual(before);
    expect(await second.exec("web/app", "cat", "/data/note")).toBe("second\n");
    expect((await second.reconcile()).output).toContain("nothing to do");
  });
});

it("an environment whose Compose project is another environment's must be blocked and touch nothing", async () => {
  // `t-1` with an instance `b-web` and `t-1-b` with an instance `web` would have the same project.
  const name = uniqueName("t");
  const options = { release, name, environment: { instances: { "b-web": { package: "app/web" } } } };
  await withPlatform(options, async (first) => {
    expect((await first.reconcile()).exitCode).toBe(0);
    const before = await first.containers();
    await using second = await startPlatform({ release, name: `${name}-b` });
    expect(second.project("web")).toBe(first.project("b-web"));

    const round = await second.reconcile();
    expect(await first.containers()).toEqual(before);
    expect(round.exitCode).toBe(1);
    expect(round.status.errors).toContainEqual(
      expect.objectContaining({ resource: `service:${second.project("web")}/app` }),
    );
    expect((await first.reconcile()).output).toContain("nothing to do");
    expect(await first.containers()).toEqual(before);
  });
});

it("a broken environment beside, and a commit that concerns another, must change nothing", async () => {
  await withPlatform({ release }, async (platform) => {
    expect((await platform.reconcile()).exitCode).toBe(0);
    const before = await platform.containers();
    const programs = await makeLoggedPrograms(platform.folder);
    const commit = await platform.push({
      "environments/beside/environment.yaml": "name: [broken",
      "releases/beside/1.0.0/release.yaml": "{",
      "README.md": "# A platform\n",
    });
    const round = await platform.reconcile({ env: programs.env });
    expect(await platform.containers()).toEqual(before);
    expect(await programs.calls()).toEqual([]);
    expect(round.exitCode).toBe(0);
    expect(round.output).toContain("nothing to do");
    expect(round.status.source).toMatchObject({ observed: commit, applied: commit });
  });
});
