import type Docker from "dockerode";

/** A container as the engine has it. */
export interface Container {
  readonly id: string;
  /** Without the leading slash. */
  readonly name: string;
  readonly project: string;
  readonly service: string;
  /** As the container was created with. */
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  /** created, running, paused, restarting, exited or dead */
  readonly state: string;
  readonly exitCode: number;
  /** none, starting, healthy or unhealthy */
  readonly health: string;
  readonly createdAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Addresses by the name of the network. */
  readonly addresses: Readonly<Record<string, string>>;
  /** What is mounted where: sources on the node, or names of volumes, by path in the container. */
  readonly mounts: Readonly<Record<string, string>>;
}

/** The containers of Compose projects whose names begin with `prefix`, sorted by name. */
export async function listContainers(docker: Docker, prefix: string): Promise<Container[]> {
  const listed = await docker.listContainers({ all: true });
  const wanted = listed.filter(
    ({ Names, Labels }) =>
      (Labels["com.docker.compose.project"] ?? "").startsWith(prefix) ||
      Names.some((name) => name.startsWith(`/${prefix}`)),
  );
  const found = await Promise.all(wanted.map(async ({ Id }) => docker.getContainer(Id).inspect()));
  return found.map(describeContainer).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describeContainer(found: Docker.ContainerInspectInfo): Container {
  const labels = found.Config.Labels;
  return {
    id: found.Id,
    name: found.Name.slice(1),
    project: labels["com.docker.compose.project"] ?? "",
    service: labels["com.docker.compose.service"] ?? "",
    image: found.Config.Image,
    labels,
    state: found.State.Status,
    exitCode: found.State.ExitCode,
    health: found.State.Health?.Status ?? "none",
    createdAt: found.Created,
    startedAt: found.State.StartedAt,
    finishedAt: found.State.FinishedAt,
    addresses: Object.fromEntries(
      Object.entries(found.NetworkSettings.Networks).map(([name, { IPAddress }]) => [name, IPAddress]),
    ),
    mounts: Object.fromEntries(found.Mounts.map((mount) => [mount.Destination, mount.Name ?? mount.Source])),
  };
}

/** What a command in a container printed, standard output and error together; throws when it exits with another code than 0. */
export async function execIn(docker: Docker, id: string, command: readonly string[]): Promise<string> {
  const exec = await docker
    .getContainer(id)
    .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, Tty: true });
  const stream = await exec.start({ Tty: true });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  const output = Buffer.concat(chunks).toString("utf8").replaceAll("\r\n", "\n");
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0)
    throw new Error(`${command.join(" ")} in ${id.slice(0, 12)} exited ${ExitCode}\n${output}`);
  return output;
}

/** The one container of `instance/service`; throws when there is none or more than one. */
export function findContainer(
  containers: readonly Container[],
  { environment, name }: { environment: string; name: string },
): Container {
  const [instance = "", service = ""] = name.split("/");
  const found = containers.filter(
    (each) => each.project === `${environment}-${instance}` && each.service === service,
  );
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const all = containers.map((each) => `${each.name} ${each.state}`).join(", ");
  throw new Error(`there are ${found.length} containers of ${name}; there are: ${all}`);
}
