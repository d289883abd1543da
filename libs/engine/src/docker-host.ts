/** Where a connection to an engine goes. */
export type EngineSocket = { socketPath: string } | { host: string; port: string };

/** The engine of this machine. */
export const standardDockerHost = "unix:///var/run/docker.sock";

/** What `unix:///path` and `tcp://host:port` name, as DOCKER_HOST has them; null for any other text. */
export function parseDockerHost(dockerHost: string): EngineSocket | null {
  if (dockerHost.startsWith("unix:///")) return { socketPath: dockerHost.slice("unix://".length) };
  const url = URL.canParse(dockerHost) ? new URL(dockerHost) : null;
  if (url?.protocol !== "tcp:" || url.hostname === "" || url.port === "") return null;
  // A URL keeps the brackets of an IPv6 address, a connection takes none.
  return { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: url.port };
}

export function notDockerHost(dockerHost: string): string {
  return `${dockerHost} is not the address of a Docker engine`;
}
