import type { Platform } from "../platform.ts";

/** Starts a container as a person or another program would; it goes with the platform. Returns its id. */
export async function startForeign(
  platform: Platform,
  container: {
    /** After the environment's name. */
    readonly name: string;
    readonly image: string;
    readonly labels?: Readonly<Record<string, string>>;
    /** Of 127.0.0.1, for its port 8080. */
    readonly port?: number;
  },
): Promise<string> {
  const { name, image, labels = {}, port } = container;
  const bindings =
    port === undefined ? {} : { "8080/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] };
  const created = await platform.docker.createContainer({
    name: `${platform.environment}-${name}`,
    Image: platform.image(image),
    Labels: labels,
    ExposedPorts: { "8080/tcp": {} },
    HostConfig: { PortBindings: bindings },
  });
  await created.start();
  return created.id;
}
