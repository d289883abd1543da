import { copyFile, mkdir } from "node:fs/promises";
import { connect as connectSession } from "node:http2";
import { connect } from "node:net";
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { findBusybox } from "../../script/image-archive.ts";
import type { Engine } from "./engine.ts";
import { outputOf } from "./program.ts";

/**
 * Leaves a task of a container in containerd of which a private engine does not know, as an engine does that is killed in the
 * middle of a start. Disposing it takes it away.
 */
export async function leaveTask({ socketPath }: Engine, containerId: string): Promise<AsyncDisposable> {
  const folder = dirname(socketPath);
  const own = join(folder, "x", "containerd", "containerd.sock");
  const containerd = {
    socket: existsSync(own) ? own : "/run/containerd/containerd.sock",
    namespace: basename(folder),
  };
  const root = join(folder, "left");
  await mkdir(join(root, "bin"), { recursive: true });
  await copyFile(findBusybox(), join(root, "bin", "sleep"));
  const { socket, namespace } = containerd;
  await outputOf([
    "ctr",
    `--address=${socket}`,
    `--namespace=${namespace}`,
    "containers",
    "create",
    "--rootfs",
    root,
    containerId,
    "/bin/sleep",
    "1000",
  ]);
  await callContainerd(containerd, { method: "tasks.v1.Tasks/Create", id: containerId });
  // The program `ctr` refuses to forget a container that has a task.
  await callContainerd(containerd, { method: "containers.v1.Containers/Delete", id: containerId });
  return {
    [Symbol.asyncDispose]: async () =>
      callContainerd(containerd, { method: "tasks.v1.Tasks/Delete", id: containerId }),
  };
}

/** A call whose request has an id as its first field, as those of containerd have (gRPC over HTTP/2). */
async function callContainerd(
  { socket, namespace }: { socket: string; namespace: string },
  { method, id }: { method: string; id: string },
): Promise<void> {
  const message = Buffer.concat([Buffer.from([0x0a, id.length]), Buffer.from(id)]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  const session = connectSession("http://localhost", { createConnection: () => connect(socket) });
  try {
    const status = await new Promise((resolve, reject) => {
      const request = session.request({
        ":method": "POST",
        ":path": `/containerd.services.${method}`,
        "content-type": "application/grpc",
        te: "trailers",
        "containerd-namespace": namespace,
      });
      session.once("error", reject);
      request.once("error", reject);
      // Of a call that failed at once, the only headers are the last ones.
      const look = (headers: object) => {
        const said = new Map(Object.entries(headers));
        if (said.has("grpc-status")) resolve(`${said.get("grpc-status")} ${said.get("grpc-message")}`.trim());
      };
      request.once("response", look);
      request.once("trailers", look);
      request.once("close", () => reject(new Error(`containerd did not answer ${method}`)));
      request.resume();
      request.end(Buffer.concat([prefix, message]));
    });
    if (status !== "0") throw new Error(`containerd refused ${method}: ${String(status)}`);
  } finally {
    session.close();
  }
}
