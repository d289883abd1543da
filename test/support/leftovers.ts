import type Docker from "dockerode";

export interface Leftovers {
  readonly containers: string[];
  readonly networks: string[];
  readonly volumes: string[];
}

const projectLabel = "com.docker.compose.project";

/**
 * The names of what an engine still has of Compose projects whose names begin with `prefix`, told by label or by
 * name, so that also what lost its labels is found. Three empty lists mean that nothing is left.
 */
export async function findLeftovers(docker: Docker, prefix: string): Promise<Leftovers> {
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true }),
    docker.listNetworks(),
    docker.listVolumes(),
  ]);
  const belongs = (name: string, labels: Readonly<Record<string, string>> | null | undefined) =>
    name.startsWith(prefix) || (labels?.[projectLabel] ?? "").startsWith(prefix);
  return {
    containers: containers
      .map(({ Names, Labels }) => ({ name: (Names[0] ?? "").replace(/^\//, ""), labels: Labels }))
      .filter(({ name, labels }) => belongs(name, labels))
      .map(({ name }) => name),
    networks: networks.filter(({ Name, Labels }) => belongs(Name, Labels)).map(({ Name }) => Name),
    volumes: (volumes ?? []).filter(({ Name, Labels }) => belongs(Name, Labels)).map(({ Name }) => Name),
  };
}

/** Removes all that `findLeftovers` finds: the last act of a test that used the shared engine. */
export async function removeProjects(docker: Docker, prefix: string): Promise<void> {
  const { containers, networks, volumes } = await findLeftovers(docker, prefix);
  for (const name of containers) await docker.getContainer(name).remove({ force: true, v: true });
  for (const name of networks) await docker.getNetwork(name).remove();
  for (const name of volumes) await docker.getVolume(name).remove();
}
