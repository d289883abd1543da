import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { describe, expect, it } from "vitest";

import {
  engineVersions,
  findFreePort,
  hasEngine,
  makeGitRepository,
  makeTempFolder,
  outputOf,
  runKeelson,
  startEngine,
  uniqueName,
} from "../../support/index.ts";
import { findCompose } from "../compose-program.ts";
import { makeLoadedImages } from "../loaded-images.ts";
import { writeAgentConfig } from "../import/committed-import.ts";
import { parseFiles } from "../repository-text.ts";
import { folders } from "./fleet.ts";

/** What Compose itself cannot run here: a build, a config in a read-only service, hardware, a share, networks without a service. */
const apart = ["site", "auth", "Llama_CPP", "nfs", "nets", "joined"];

describe.each(engineVersions)("on the engine %s", (version) => {
  it.skipIf(!hasEngine(version))(
    "a running fleet must be taken over with no restart",
    { timeout: 1_800_000 },
    async () => {
      const name = uniqueName("f");
      await using host = await makeTempFolder("keelson-fleet-");
      await using repository = await makeGitRepository();
      await using engine = await startEngine({ version });
      // They go with the engine.
      const images = makeLoadedImages(engine.docker, { prefix: name, specs: {} });
      const ports = await Promise.all(Array.from({ length: 9 }, findFreePort));
      const text = await images.loadNamed(
        folders
          .replaceAll("UNIQUE", name)
          .replaceAll("MACHINE", host.path)
          .replaceAll(/PORT(\d)\b/g, (_, index: string) => String(ports[Number(index) - 1])),
      );
      await repository.write({ ...parseFiles(text), ".gitignore": "library/\n" });
      for (const folder of ["media", "root", "dbus", "backup"]) await mkdir(host.join(folder));
      await engine.docker.createVolume({ Name: `${name}-old` });
      await engine.docker.createNetwork({ Name: `${name}-proxy` });
      const compose = await findCompose();
      const env = { ...process.env, DOCKER_HOST: engine.dockerHost };
      const taken = Object.keys(parseFiles(text))
        .filter((path) => /\/(?:docker-)?compose\.ya?ml$/.test(path))
        .map(dirname)
        .filter((folder) => !apart.includes(folder.slice("apps/".length)));
      for (const folder of taken)
        await outputOf([compose, "up", "--detach", "--pull", "never"], {
          cwd: `${repository.path}/${folder}`,
          env,
        });
      const running = async () => {
        const listed = await engine.docker.listContainers();
        const inspected = await Promise.all(
          listed.map(({ Id: id }) => engine.docker.getContainer(id).inspect()),
        );
        return inspected
          .map(({ Id: id, State: { StartedAt: startedAt }, Config: { Labels: labels } }) => ({
            id,
            startedAt,
            service: labels["com.docker.compose.service"],
          }))
          .sort((a, b) => (a.id < b.id ? -1 : 1));
      };
      const before = await running();
      expect(before.length).toBeGreaterThan(30);

      const options = { cwd: repository.path, env };
      const names = ["-e", "home", "-n", "box"];
      const imported = await runKeelson(
        ["import", ...taken, "--engine", "--write", "--json", ...names],
        options,
      );
      expect(imported.stderr).toBe("");
      const { agent, projects } = JSON.parse(imported.stdout);
      expect(projects.filter(({ adopt }: { adopt: boolean }) => adopt).length).toBe(taken.length);

      await repository.commit();
      await writeAgentConfig(repository, { home: host, agent });
      const keelson = async (command: string) =>
        runKeelson([command, "--config", host.join("agent.yaml")], options);
      const apply = async () => {
        const { exitCode, stderr } = await keelson("apply");
        expect([exitCode, stderr.split("\n").filter((line) => line.includes("error["))]).toEqual([0, []]);
      };
      const plan = await keelson("plan");
      const restarts = plan.stdout.match(/(?<= adopt .*; )\d+ restarts?$/gm);
      expect(restarts).toEqual(taken.map(() => "0 restarts"));
      expect(plan.stdout).toContain(`\n${taken.length} to adopt, `);
      await apply();
      expect(await running()).toEqual(before);
      await apply();
      expect(await running()).toEqual(before);

      // What changes later is made anew with the data that it has, and nothing else is.
      const library = `${repository.path}/apps/photos/library`;
      await writeFile(`${library}/photo`, "a photo");
      await repository.write({ ".env.global": "TZ=Europe/Paris\nPUID=1000\n" });
      await repository.git("commit", "--all", "--message", "another zone");
      await apply();
      const after = await running();
      const made = after.filter((each) => !before.some(({ id }) => id === each.id));
      expect(made.map(({ service }) => String(service)).toSorted()).toEqual(["bot", "bot", "server"]);
      expect(before.filter((each) => !after.some(({ id }) => id === each.id)).length).toBe(made.length);
      const photos = await engine.docker.getContainer(`${name}-photos`).inspect();
      expect(photos.Mounts.find(({ Destination }) => Destination === "/data")?.Source).toBe(library);
      expect(await readFile(`${library}/photo`, "utf8")).toBe("a photo");
    },
  );
});
