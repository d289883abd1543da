import { createServer } from "node:http";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Where the engine looks for plugins of its first kind (docs.docker.com, Plugin API). */
const folder = "/run/docker/plugins";

/** A plugin of the engine, which makes volumes of nothing and networks without an interface. */
export interface EnginePlugin extends AsyncDisposable {
  /** By which Compose files name it. */
  readonly name: string;
  /** What the engine has asked it for, such as `/VolumeDriver.Create`, with the options. */
  readonly asked: readonly { call: string; options: unknown }[];
}

/** Starts one where the engine of this machine finds it. */
export async function startEnginePlugin(
  name: string,
  { mountpoint }: { mountpoint: string },
): Promise<EnginePlugin> {
  const asked: { call: string; options: unknown }[] = [];
  const volumes = new Map<string, { Name: string; Mountpoint: string }>();
  const answers: Record<string, (body: { Name: string }) => object> = {
    "/Plugin.Activate": () => ({ Implements: ["VolumeDriver", "NetworkDriver"] }),
    "/NetworkDriver.GetCapabilities": () => ({ Scope: "local", ConnectivityScope: "local" }),
    "/NetworkDriver.CreateEndpoint": () => ({ Interface: {} }),
    "/NetworkDriver.EndpointOperInfo": () => ({ Value: {} }),
    "/NetworkDriver.Join": () => ({ InterfaceName: {} }),
    "/VolumeDriver.Capabilities": () => ({ Capabilities: { Scope: "local" } }),
    "/VolumeDriver.Create": ({ Name }) => {
      volumes.set(Name, { Name, Mountpoint: mountpoint });
      return { Err: "" };
    },
    "/VolumeDriver.Remove": ({ Name }) => {
      volumes.delete(Name);
      return { Err: "" };
    },
    "/VolumeDriver.Get": ({ Name }) =>
      volumes.has(Name) ? { Volume: volumes.get(Name), Err: "" } : { Err: `no volume ${Name}` },
    "/VolumeDriver.List": () => ({ Volumes: [...volumes.values()], Err: "" }),
    "/VolumeDriver.Mount": () => ({ Mountpoint: mountpoint, Err: "" }),
    "/VolumeDriver.Path": () => ({ Mountpoint: mountpoint, Err: "" }),
    "/VolumeDriver.Unmount": () => ({ Err: "" }),
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const call = request.url ?? "";
      const body = JSON.parse(Buffer.concat(chunks).toString() || "{}");
      asked.push({ call, options: body.Opts ?? body.Options });
      response.setHeader("Content-Type", "application/vnd.docker.plugins.v1.2+json");
      response.end(JSON.stringify(answers[call]?.(body) ?? {}));
    });
  });
  await mkdir(folder, { recursive: true });
  const socket = join(folder, `${name}.sock`);
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject).listen(socket, () => resolve());
  });
  return {
    name,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(socket, { force: true });
    },
  };
}
