import { readFile, readdir } from "node:fs/promises";

import { expect, it } from "vitest";

import { makeGitRepository, makeTempFolder, runKeelson } from "../../support/index.ts";

const service = "services:\n  app:\n    image: registry.example/app:1\n";

const files = {
  "compose.yaml": service,
  "apps/good/compose.yaml": service,
  "apps/host/compose.yaml": `${service}    volumes: ["/:/host:ro"]\n`,
  "apps/unnamed/compose.yaml": `name: \${NOBODY}\n${service}`,
  "apps/long/compose.yaml": `name: ${"a".repeat(70)}\n${service}`,
  "apps/torn/compose.yaml": "services: [\n",
  "apps/one/compose.yaml": `name: same\n${service}`,
  "apps/two/compose.yaml": `name: same\n${service}`,
  "apps/three/compose.yaml": `${service}    env_file: ../../common/missing.env\n`,
};

it("keelson import must leave out what it cannot take, each with a reason and the way out", async () => {
  await using repository = await makeGitRepository();
  await repository.write(files);
  const options = { cwd: repository.path };
  const { stdout, exitCode } = await runKeelson(["import", "--json", "--write", "-n", "box"], options);
  const { projects } = JSON.parse(stdout);
  const codes = projects.map(({ folder, problems }: { folder: string; problems: { code: string }[] }) => [
    folder,
    problems.map(({ code }) => code),
  ]);
  expect(exitCode).toBe(0);
  expect(Object.fromEntries(codes)).toEqual({
    "": ["K9096"],
    "apps/good": [],
    "apps/host": ["K9094"],
    "apps/long": ["K9097"],
    "apps/one": [],
    "apps/three": ["K1408"],
    "apps/torn": ["K1416"],
    "apps/two": ["K1132"],
    "apps/unnamed": ["K9097"],
  });
  for (const { problems } of projects)
    for (const { hint } of problems) expect(hint).toEqual(expect.any(String));
  expect(await runKeelson(["check"], options)).toMatchObject({ exitCode: 0 });
});

it("keelson import must take the folders that it is given, also where Git is not yet", async () => {
  await using folder = await makeTempFolder("keelson-import-");
  await using repository = await makeGitRepository();
  await repository.write(files);
  const some = await runKeelson(["import", "-n", "box", "apps/one", "apps/good"], { cwd: repository.path });
  expect(some.stdout).toContain("2 projects found, 2 imported, 0 refused.");
  const inside = await runKeelson(["import", "-C", "..", "-n", "box", "good"], {
    cwd: `${repository.path}/apps`,
  });
  expect(inside.stdout).toContain("good: { package: ./apps/good, project: good }");
  const none = await runKeelson(["import", "apps/nowhere"], { cwd: repository.path });
  expect([none.exitCode, none.stderr.includes("K9095")]).toEqual([1, true]);
  const empty = await runKeelson(["import"], { cwd: folder.path });
  expect([empty.exitCode, empty.stderr.includes("K9095")]).toEqual([1, true]);
  expect(await readdir(folder.path)).toEqual([]);
  expect(await readFile(`${repository.path}/apps/good/compose.yaml`, "utf8")).toBe(service);
});
