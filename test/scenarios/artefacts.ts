import { cp, lstat, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import { checkout } from "../support/index.ts";
import { listContainers } from "./containers.ts";

/**
 * Writes what helps to understand a failed scenario into a folder of the checkout that Git ignores, and returns it:
 * the log of every round, the containers with their own logs, the agent.yaml and the state folder but its clone.
 */
export async function saveArtefacts(platform: {
  environment: string;
  docker: Docker;
  folder: string;
  log: readonly string[];
}): Promise<string> {
  const { environment, docker } = platform;
  const folder = join(checkout, ".keelson/artefacts", environment);
  await mkdir(folder, { recursive: true });
  const save = async (name: string, text: string) => writeFile(join(folder, name), text);
  for (const [index, text] of platform.log.entries()) await save(`round-${index + 1}.txt`, text);
  await cp(platform.folder, join(folder, "node"), {
    recursive: true,
    verbatimSymlinks: true,
    // A socket cannot be copied.
    filter: async (path) => path !== join(platform.folder, "state/git") && !(await lstat(path)).isSocket(),
  });
  try {
    const containers = await listContainers(docker, `${environment}-`);
    await save("containers.json", JSON.stringify(containers, null, 2));
    for (const { id, name } of containers) {
      const log = await docker.getContainer(id).logs({ stdout: true, stderr: true, follow: false });
      await save(`${name}.log`, log.toString("utf8"));
    }
  } catch (error) {
    // A scenario may have stopped its engine: that is part of what happened.
    await save("containers.json", String(error));
  }
  return folder;
}
