import { mkdir } from "node:fs/promises";

import { expect, it } from "vitest";

import { makeGitRepository, makeTempFolder, runKeelson, startEngine } from "../../support/index.ts";
import { writeAgentConfig } from "./committed-import.ts";

const binds = (...volumes: string[]) =>
  `services:\n  app:\n    image: registry.example/app:1\n    volumes: ${JSON.stringify(volumes)}\n`;

it(
  "keelson import must name each path of the host, with no more than is used",
  { timeout: 300_000 },
  async () => {
    await using engine = await startEngine();
    await using host = await makeTempFolder("keelson-import-");
    await using repository = await makeGitRepository();
    for (const folder of ["media/films", "photos/2026", "backup/a"])
      await mkdir(host.join(folder), { recursive: true });
    await repository.write({
      "apps/player/compose.yaml": binds(`${host.join("media")}:/media:ro`),
      "apps/index/compose.yaml": binds(
        `${host.join("media")}:/media:ro`,
        `${host.join("media/films")}:/f:ro`,
      ),
      "apps/fetch/compose.yaml": binds(`${host.join("media/films")}:/films`),
      "apps/photos/compose.yaml": binds(`${host.join("photos")}:/photos`),
      "apps/backup/compose.yaml": binds(`${host.join("photos")}:/in:ro`, "${TARGET}:/out"),
      "apps/backup/.env": `TARGET=${host.join("backup/a")}\n`,
    });
    const options = { cwd: repository.path, env: { DOCKER_HOST: engine.dockerHost } };
    const imported = await runKeelson(["import", "-n", "box", "--json", "--write"], options);
    const { agent, paths: told } = JSON.parse(imported.stdout);
    expect(agent).toEqual({
      allow: {
        paths: {
          a: { path: host.join("backup/a"), readOnly: false, nested: false },
          films: { path: host.join("media/films"), readOnly: false, nested: false },
          media: { path: host.join("media"), readOnly: true, nested: false },
          photos: { path: host.join("photos"), readOnly: false, nested: false },
        },
      },
    });
    const users = told.map(({ name, users: own }: { name: string; users: { user: string }[] }) => [
      name,
      ...own.map(({ user }) => user),
    ]);
    expect(users).toEqual([
      ["a", "apps/backup"],
      ["media", "apps/index", "apps/player"],
      ["films", "apps/fetch", "apps/index"],
      ["photos", "apps/backup", "apps/photos"],
    ]);
    await repository.commit();
    const blockedWith = async (paths: object) => {
      await writeAgentConfig(repository, { home: host, agent: { allow: { paths } } });
      const { stdout } = await runKeelson(["plan", "--config", host.join("agent.yaml")], options);
      return stdout.split("\n").filter((line) => line.includes("[K30"));
    };
    const { paths } = agent.allow;
    expect(await blockedWith(paths)).toEqual([]);
    for (const name of Object.keys(paths)) {
      const { [name]: _without, ...rest } = paths;
      expect(await blockedWith(rest)).toContainEqual(expect.stringMatching(/\[K306[01]\]/));
    }
  },
);

it("keelson import must say which bind lies below what another one writes", async () => {
  await using repository = await makeGitRepository();
  await repository.write({
    "apps/backup/compose.yaml": binds("/srv/photos/2026:/in:ro"),
    "apps/photos/compose.yaml": binds("/srv/photos:/photos"),
  });
  const { stdout } = await runKeelson(["import", "-n", "box"], { cwd: repository.path });
  expect(stdout).toContain(`Paths of the host, by their names in agent.yaml:
  photos  /srv/photos  apps/backup (read-only), apps/photos
    apps/backup binds /srv/photos/2026, below /srv/photos, which apps/photos writes: keelson plan blocks both (K3064). Bind the same folder in both; or nested: true beside photos, and whoever writes there is root
`);
});
