import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";

import { makeGitRepository } from "@keelson/test/support";
import { expect, test } from "vitest";

import { renewInstance } from "./renew-instance.ts";

test("a counter behind a link is not raised: the file that it leads to may be other nodes' too", async () => {
  await using repository = await makeGitRepository();
  const folder = "environments/lab";
  await repository.write({
    [`${folder}/environment.yaml`]:
      "name: lab\nreleases: { app: ^1.0.0 }\ninstances: { web: { package: app/web } }\n",
    [`${folder}/nodes/all.yaml`]: "name: n1\n",
  });
  await symlink("all.yaml", join(repository.path, folder, "nodes/n1.yaml"));
  const request = { environment: "lab", node: "n1", instance: "web", commit: false };
  await expect(renewInstance(repository.path, request)).rejects.toMatchObject({ code: "K1008" });
  expect(await readFile(join(repository.path, folder, "nodes/all.yaml"), "utf8")).toBe("name: n1\n");
  const other = { ...request, node: "all" };
  expect(await renewInstance(repository.path, other)).toMatchObject({ renew: 1, commit: null });
});
