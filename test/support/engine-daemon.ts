import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import Docker from "dockerode";
import type { AddressPool } from "./address-pool.ts";
import { messageOf } from "./foreign-error.ts";
import { endProcess, listProcesses } from "./leftover-processes.ts";
import type { TempFolder } from "./temp-folder.ts";
import { waitFor } from "./wait-for.ts";

/** Where a private engine has its files, and which addresses and bridge are its own. */
export interface DaemonPlace {
  readonly folder: TempFolder;
  readonly pool: AddressPool;
  /** More of its daemon.json. */
  readonly config: object;
  /** Where its programs are looked for before those of the machine. */
  readonly programs: readonly string[];
}

/**
 * Starts dockerd and returns its process once it answers; throws with the end of its log when it does not.
 *
 * A second start of an engine with address pools of its own deletes the link `docker0`, whoever's it is, unless
 * containers are to live through restarts (`removeDefaultBridgeInterface` in moby's daemon_unix.go). So that is
 * set while it starts again, and taken back by a reload. A first start goes without: a reload makes Docker 28 forget the
 * address that `host-gateway` stands for.
 */
export async function startDaemon({
  folder,
  pool,
  programs,
  config: more,
}: DaemonPlace): Promise<ChildProcess> {
  const configure = (config: object) =>
    writeFile(folder.join("daemon.json"), JSON.stringify({ ...more, ...config }));
  const startsAgain = existsSync(folder.join("data"));
  await configure({ "live-restore": startsAgain });
  checkLength(folder.join("x", "containerd", "containerd.sock.ttrpc"));
  const daemon = await launch(folder, { pool, path: searchPath(programs) });
  await ready(daemon, { folder, check: async (docker) => (await docker.ping()) !== undefined });
  if (!startsAgain) return daemon;
  await configure({ "live-restore": false });
  daemon.kill("SIGHUP");
  await ready(daemon, {
    folder,
    check: async (docker) => (await docker.info()).LiveRestoreEnabled === false,
  });
  return daemon;
}

async function launch(
  folder: TempFolder,
  { pool, path }: { pool: AddressPool; path: string },
): Promise<ChildProcess> {
  const log = await open(folder.join("log"), "a");
  try {
    // The kernel ends the engine when the test process ends without having disposed it.
    const command = [findDockerd(path), ...daemonArguments(folder, pool)];
    const child = spawn("setpriv", ["--pdeathsig", "TERM", ...command], {
      stdio: ["ignore", log.fd, log.fd],
      env: { PATH: path },
    });
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
    // One letter, because of the length of the paths of sockets.
    "exec-root": folder.join("x"),
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
  const docker = new Docker({ socketPath: folder.join("docker.sock"), timeout: 10_000 });
  try {
    await waitFor(async () => !runs(daemon) || (await check(docker)), {
      what: "the private engine to answer",
      timeoutMs: 120_000,
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
export async function endContainers(folder: TempFolder): Promise<void> {
  const processes = await listProcesses();
  const named = (text: string) => processes.filter(({ commandLine }) => commandLine.includes(text));
  const shims = new Set(named(` -namespace ${containerdNamespace(folder)} `).map(({ pid }) => pid));
  // A killed dockerd takes its containerd along, but not at once, and a new one would wait for the dying one.
  const containerd = named(folder.join("x", "containerd", "containerd.toml"));
  for (const { pid } of [...containerd, ...processes.filter(({ parent }) => shims.has(parent))]) {
    await endProcess(pid);
  }
  // A containerd that has ended but that nobody waits for would still count as running.
  await rm(folder.join("x", "containerd", "containerd.pid"), { force: true });
}

/** Where the machine runs one containerd for all engines, this one's containers are kept apart there. */
export function containerdNamespace(folder: TempFolder): string {
  return basename(folder.path);
}

/** Whether a process that this one started has not ended. */
export function runs(daemon: ChildProcess | undefined): daemon is ChildProcess {
  return daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null;
}

/** Throws if a path is too long for a socket (unix(7)): containerd would wait for it in vain. */
function checkLength(path: string): void {
  if (Buffer.byteLength(path) > 107)
    throw new Error(`the path of a socket would be too long, shorten TMPDIR: ${path}`);
}

/** PATH with the folders for the administrator's programs, which a user's PATH may lack. */
function searchPath(programs: readonly string[]): string {
  return [...programs, process.env["PATH"], "/usr/local/sbin", "/usr/sbin", "/sbin"].join(delimiter);
}

function findDockerd(searched: string): string {
  const paths = searched.split(delimiter).map((folder) => join(folder, "dockerd"));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new Error("a private engine needs the program dockerd: run script/setup --engine --tests");
  }
  return path;
}
