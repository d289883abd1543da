import Docker from "dockerode";

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
    const address = process.env["DOCKER_HOST"] ?? "/var/run/docker.sock";
    throw new Error(`no Docker engine answers at ${address}: run script/setup --engine`, { cause: error });
  }
  return docker;
}
