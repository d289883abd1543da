import { createServer } from "node:http";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Where the engine looks for plugins of its first kind (docs.docker.com, Plugin API). */
const folder = "/run/docker/plugins";

/** A plugin of the engine, which makes networks without an interface. */
export interface EnginePlugin extends AsyncDisposable {
  /** What the engine has asked it for, such as `/NetworkDriver.CreateNetwork`, with the options. */
  readonly asked: readonly { call: string; options: unknown }[];
}

const answers: Readonly<Record<string, object>> = {
  "/Plugin.Activate": { Implements: ["NetworkDriver"] },
  "/NetworkDriver.GetCapabilities": { Scope: "local", ConnectivityScope: "local" },
  "/NetworkDriver.CreateEndpoint": { Interface: {} },
  "/NetworkDriver.EndpointOperInfo": { Value: {} },
  "/NetworkDriver.Join": { InterfaceName: {} },
};

/**
 * Starts one under a name where the engine of this machine finds it. None for volumes: an engine goes on asking it for them
 * when it is gone, each time for a quarter of a minute.
 */
export async function startEnginePlugin(name: string): Promise<EnginePlugin> {
  const asked: { call: string; options: unknown }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const call = request.url ?? "";
      asked.push({ call, options: JSON.parse(Buffer.concat(chunks).toString() || "{}").Options });
      response.setHeader("Content-Type", "application/vnd.docker.plugins.v1.2+json");
      response.end(JSON.stringify(answers[call] ?? {}));
    });
  });
  await mkdir(folder, { recursive: true });
  const socket = join(folder, `${name}.sock`);
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject).listen(socket, () => resolve());
  });
  return {
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(socket, { force: true });
    },
  };
}
