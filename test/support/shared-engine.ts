import Docker from "dockerode";

/** Where the engine that tests share listens, as DOCKER_HOST. */
export function sharedEngineHost(): string {
  return process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
}

/**
 * The engine that the machine, or DOCKER_HOST, has. Tests share it, so they make uniquely named resources and remove
 * them. Throws when it does not answer: a test that needs an engine is never skipped.
 */
export async function sharedEngine(): Promise<Docker> {
  const docker = new Docker();
  const probe = new Docker({ timeout: 60_000 });
  try {
    await probe.ping();
  } catch (error) {
    throw new Error(`no Docker engine answers at ${sharedEngineHost()}: run script/setup --engine`, {
      cause: error,
    });
  }
  return docker;
}
