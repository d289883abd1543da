import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import Docker from "dockerode";
import { claimAddressPool } from "./address-pool.ts";
import { containerdNamespace, endContainers, runs, startDaemon } from "./engine-daemon.ts";
import { type EngineVersion, findPrograms } from "./engine-version.ts";
import { endProcessesNaming, unmountAllIn } from "./leftover-processes.ts";
import { makeTempFolder } from "./temp-folder.ts";
import { waitFor } from "./wait-for.ts";

export interface Engine extends AsyncDisposable {
  /** `unix://…`, as DOCKER_HOST. */
  readonly dockerHost: string;
  readonly socketPath: string;
  readonly docker: Docker;
  /** Ends the engine as a shutdown does: its containers stop. */
  stop(): Promise<void>;
  /** Ends the engine with SIGKILL: its containers go on without it. */
  kill(): Promise<void>;
  /** Starts it again on the same data and socket; does nothing while it runs. */
  start(): Promise<void>;
  /** What it has logged so far. */
  log(): Promise<string>;
}

export interface EngineOptions {
  /** What an administrator has set in its daemon.json. */
  readonly config?: object;
  /** Which engine; default the machine's own. */
  readonly version?: EngineVersion;
}

/**
 * Starts an engine of the test's own, which it may stop and kill: the machine's `dockerd` on folders, socket and
 * addresses of its own. It makes no rules in the machine's firewall; published ports are forwarded by a proxy
 * process, on whichever address they name. It needs root. Disposing it removes containers, networks, mounts and
 * files.
 */
export async function startEngine({ config = {}, version = "own" }: EngineOptions = {}): Promise<Engine> {
  const programs = findPrograms(version);
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder("keelson-engine-"));
  const pool = stack.use(await claimAddressPool());
  const socketPath = folder.join("docker.sock");
  const docker = new Docker({ socketPath });

  let daemon: ChildProcess | undefined;
  const start = async () => {
    if (runs(daemon)) return;
    // An engine that starts ends the containers that a killed one left running, unless they may live through it.
    await endContainers(folder);
    daemon = await startDaemon({ folder, pool, programs, config });
  };
  const end = async (signal: NodeJS.Signals) => {
    if (!runs(daemon)) return;
    daemon.kill(signal);
    await waitFor(() => !runs(daemon), { what: "the private engine to end" });
  };
  stack.defer(() => unmountAllIn(folder.path));
  stack.defer(() => endProcessesNaming([`${folder.path}/`, ` ${containerdNamespace(folder)} `]));
  stack.defer(async () => {
    // After a kill only the engine itself can tell what it left behind, and take it away.
    await start();
    await removeEverything(docker);
    await end("SIGTERM");
  });

  await start();
  const cleanUp = stack.move();
  return {
    dockerHost: `unix://${socketPath}`,
    socketPath,
    docker,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    start,
    log: () => readFile(folder.join("log"), "utf8"),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

async function removeEverything(docker: Docker): Promise<void> {
  for (const { Id } of await docker.listContainers({ all: true })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id, Name, Driver } of await docker.listNetworks()) {
    if (Driver === "bridge" && Name !== "bridge") await docker.getNetwork(Id).remove();
  }
}
