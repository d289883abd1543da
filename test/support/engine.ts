import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { access, constants, open, readFile, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import Docker from "dockerode";
import { claimAddressPool } from "./address-pool.ts";
import type { AddressPool } from "./address-pool.ts";
import { messageOf } from "./foreign-error.ts";
import { endProcess, endProcessesNaming, listProcesses, unmountAllIn } from "./leftover-processes.ts";
import { makeTempFolder } from "./temp-folder.ts";
import type { TempFolder } from "./temp-folder.ts";
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

/**
 * Starts an engine of the test's own, which it may stop and kill: the machine's `dockerd` on folders, socket and
 * addresses of its own. It makes no rules in the machine's firewall; published ports are forwarded by a proxy
 * process, on whichever address they name. It needs root. Disposing it removes containers, networks, mounts and
 * files.
 */
export async function startEngine(): Promise<Engine> {
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
    daemon = await startKeepingDocker0({ folder, pool });
  };
  const end = async (signal: NodeJS.Signals) => {
    if (!runs(daemon)) return;
    daemon.kill(signal);
    await waitFor(() => !runs(daemon), { what: "the private engine to end", timeoutMs: 30_000 });
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

/**
 * A second start of an engine with address pools of its own deletes the link `docker0`, whoever's it is, unless
 * containers are to live through restarts (`removeDefaultBridgeInterface` in moby's daemon_unix.go). So that is
 * set while it starts, and taken back by a reload.
 */
async function startKeepingDocker0({
  folder,
  pool,
}: {
  folder: TempFolder;
  pool: AddressPool;
}): Promise<ChildProcess> {
  const configure = (config: object) => writeFile(folder.join("daemon.json"), JSON.stringify(config));
  await configure({ "live-restore": true });
  const daemon = await launch(folder, pool);
  await ready(daemon, { folder, check: async (docker) => (await docker.ping()) !== undefined });
  await configure({ "live-restore": false });
  daemon.kill("SIGHUP");
  await ready(daemon, {
    folder,
    check: async (docker) => (await docker.info()).LiveRestoreEnabled === false,
  });
  return daemon;
}

async function launch(folder: TempFolder, pool: AddressPool): Promise<ChildProcess> {
  const log = await open(folder.join("log"), "a");
  try {
    // The kernel ends the engine when the test process ends without having disposed it.
    const child = spawn(
      "setpriv",
      ["--pdeathsig", "TERM", await findDockerd(), ...daemonArguments(folder, pool)],
      {
        stdio: ["ignore", log.fd, log.fd],
        env: { PATH: searchPath() },
      },
    );
    await once(child, "spawn");
    return child;
  } finally {
    await log.close();
  }
}

function daemonArguments(folder: TempFolder, pool: AddressPool): string[] {
  const options = {
    "config-file": folder.join("daemon.json"),
    "data-root": folder.join("data"),
    "exec-root": folder.join("exec"),
    pidfile: folder.join("pid"),
    host: `unix://${folder.join("docker.sock")}`,
    bridge: pool.bridge,
    iptables: false,
    ip6tables: false,
    "ip-forward": false,
    "ip-masq": false,
    "userland-proxy": true,
    "default-address-pool": `base=${pool.base},size=24`,
    "containerd-namespace": containerdNamespace(folder),
    "containerd-plugins-namespace": `${containerdNamespace(folder)}-plugins`,
    // Seconds that a shutdown waits for containers which do not answer the stop signal.
    "shutdown-timeout": 2,
  };
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}

async function ready(
  daemon: ChildProcess,
  { folder, check }: { folder: TempFolder; check: (docker: Docker) => Promise<boolean> },
): Promise<void> {
  const docker = new Docker({ socketPath: folder.join("docker.sock"), timeout: 2_000 });
  try {
    await waitFor(async () => !runs(daemon) || (await check(docker)), {
      what: "the private engine to answer",
      timeoutMs: 30_000,
    });
    if (!runs(daemon)) throw new Error("the private engine ended before it answered");
  } catch (error) {
    const log = await readFile(folder.join("log"), "utf8");
    const end = log.split("\n").slice(-15).join("\n");
    throw new Error(`${messageOf(error)}; its log ends\n${end}`, { cause: error });
  }
}

/**
 * Ends the containers that a killed engine left running. Their shims stay: the engine's next containerd takes them
 * over and hears from them that the containers ended.
 */
async function endContainers(folder: TempFolder): Promise<void> {
  const processes = await listProcesses();
  const named = (text: string) => processes.filter(({ commandLine }) => commandLine.includes(text));
  const shims = new Set(named(` -namespace ${containerdNamespace(folder)} `).map(({ pid }) => pid));
  // A killed dockerd takes its containerd along, but not at once, and a new one would wait for the dying one.
  const containerd = named(folder.join("exec", "containerd", "containerd.toml"));
  for (const { pid } of [...containerd, ...processes.filter(({ parent }) => shims.has(parent))]) {
    await endProcess(pid);
  }
  // A containerd that has ended but that nobody waits for would still count as running.
  await rm(folder.join("exec", "containerd", "containerd.pid"), { force: true });
}

/** Where the machine runs one containerd for all engines, this one's containers are kept apart there. */
function containerdNamespace(folder: TempFolder): string {
  return basename(folder.path);
}

async function removeEverything(docker: Docker): Promise<void> {
  for (const { Id } of await docker.listContainers({ all: true })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id, Name, Driver } of await docker.listNetworks()) {
    if (Driver === "bridge" && Name !== "bridge") await docker.getNetwork(Id).remove();
  }
}

function runs(daemon: ChildProcess | undefined): daemon is ChildProcess {
  return daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null;
}

/** PATH with the folders for the administrator's programs, which a user's PATH may lack. */
function searchPath(): string {
  return [process.env["PATH"], "/usr/local/sbin", "/usr/sbin", "/sbin"].join(delimiter);
}

async function findDockerd(): Promise<string> {
  for (const folder of searchPath().split(delimiter)) {
    const path = join(folder, "dockerd");
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  throw new Error("a private engine needs the program dockerd: run script/setup --engine --tests");
}
