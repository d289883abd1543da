import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

import { Status } from "@keelson/model";
import { agentCommand, findFreePort, plainEnvironment } from "@keelson/test/support";
import type Docker from "dockerode";
import { stringify } from "yaml";

/** A machine of the demo: an engine, an agent.yaml and a port of the sample's front. */
export interface DemoNode extends AsyncDisposable {
  name: string;
  docker: Docker;
  port: number;
  config: string;
  stateDir: string;
  /** Starts `keelson-agent run`; every line of its log goes to `onLine`. */
  startAgent: (onLine: (line: string) => void) => void;
  /** Resolves when the node's status says that it is as this commit desires. */
  reached: (commit: string) => Promise<void>;
  /** Its containers by name. */
  listContainers: () => Promise<Map<string, string>>;
}

export interface DemoNodeInput {
  environment: string;
  name: string;
  url: string;
  docker: Docker;
  dockerHost: string | undefined;
  folder: string;
  signal: AbortSignal;
}

const longestWaitMs = 60_000;

export async function makeNode(input: DemoNodeInput): Promise<DemoNode> {
  const { environment, name, docker, dockerHost, signal } = input;
  const folder = join(input.folder, name);
  const config = join(folder, "agent.yaml");
  const stateDir = join(folder, "state");
  const secretsFile = join(folder, "secrets.yaml");
  await mkdir(folder);
  await writeFile(secretsFile, stringify({ "sample-platform": { adminKey: "only-for-the-demo" } }), {
    mode: 0o600,
  });
  const agentYaml = {
    environment,
    node: name,
    source: { url: input.url },
    interval: "1s",
    stateDir,
    keyFile: join(folder, "node.key"),
    secretsFile,
    ...(dockerHost === undefined ? {} : { dockerHost }),
  };
  await writeFile(config, stringify(agentYaml));
  let agent: ChildProcess | undefined;
  return {
    name,
    docker,
    port: await findFreePort(),
    config,
    stateDir,
    startAgent: (onLine) => {
      const [program, ...args] = agentCommand(["run", "--config", config, "--log", "human"]);
      agent = spawn(program, args, { env: plainEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
      createInterface({ input: agent.stdout ?? process.stdin }).on("line", onLine);
    },
    reached: async (commit) => {
      const deadline = performance.now() + longestWaitMs;
      while (!(await isAt(stateDir, commit))) {
        signal.throwIfAborted();
        if (agent?.exitCode !== null) throw new Error(`the agent of ${name} ended`);
        if (performance.now() > deadline) throw new Error(`${name} did not get to ${commit.slice(0, 8)}`);
        await sleep(100, undefined, { signal });
      }
    },
    listContainers: async () => {
      const containers = await docker.listContainers({ all: true });
      const named = containers.map(({ Id, Names }): [string, string] => [(Names[0] ?? "").slice(1), Id]);
      return new Map(
        named.filter(([each]) => each.startsWith(`${environment}-`)).sort(([a], [b]) => (a < b ? -1 : 1)),
      );
    },
    [Symbol.asyncDispose]: async () => {
      if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
      const ended = once(agent, "close");
      agent.kill("SIGTERM");
      await ended;
    },
  };
}

async function isAt(stateDir: string, commit: string): Promise<boolean> {
  const text = await readFile(join(stateDir, "status.json"), "utf8").catch(() => "{}");
  const status = Status.safeParse(JSON.parse(text)).data;
  const isReady = status?.conditions.some(({ type, status: is }) => type === "Ready" && is === "true");
  return isReady === true && status?.source.applied === commit;
}
