import { readWorkTree } from "@keelson/git";
import { readRepository } from "@keelson/manifest";

export interface EnvironmentNames {
  environment: string;
  nodes: string[];
  instances: string[];
}

/** The names of each environment of a work tree, as far as its documents can be read. Throws what Git throws. */
export async function listFleetNames(repository: string): Promise<EnvironmentNames[]> {
  const files = await (await readWorkTree(repository)).readFiles(["environments/"]);
  const { environments } = readRepository(files).repository;
  return [...environments].map(([name, { nodes, environment }]) => ({
    environment: name,
    nodes: [...nodes.keys()],
    instances: Object.keys(environment.value.instances),
  }));
}
