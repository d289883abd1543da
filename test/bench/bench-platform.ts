import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";

import type Docker from "dockerode";
import { stringify } from "yaml";

import { required } from "../../libs/model/src/index.ts";
import { startPlatform } from "../scenarios/platform.ts";
import type { Platform } from "../scenarios/platform.ts";
import {
  type Engine,
  checkout,
  makeGitRepository,
  makeTempFolder,
  outputOf,
  plainEnvironment,
  runProgram,
  startEngine,
  waitFor,
} from "../support/index.ts";
import { type BenchShape, composeFiles, environmentOf, instanceName, releaseText } from "./bench-shape.ts";

/** What is measured: the bundles, as they are shipped. */
const bundle = join(checkout, "dist/keelson/bin");

export function keelsonBundle(...args: string[]): [string, ...string[]] {
  return [process.execPath, join(bundle, "keelson.js"), ...args];
}

export function agentBundle(...args: string[]): [string, ...string[]] {
  return [process.execPath, join(bundle, "keelson-agent.js"), ...args];
}

/**
 * The same services kept by an agent, and as plain Compose projects in a clone. Each has an engine of its own, so that
 * neither goes through the other's containers.
 */
export interface BenchPlatform extends AsyncDisposable {
  platform: Platform;
  engine: Engine;
  /** Starts the agent that stays; returns when it answers. */
  startAgent: () => Promise<void>;
  /** When its rounds had their plans, each about to be applied: milliseconds since 1970. */
  plannedAtMs: number[];
  stopAgent: () => Promise<void>;
  /** Publishes other values for the first service of these instances, to both. An absent instance has none. */
  publish: (revisions: readonly (number | null)[]) => Promise<void>;
  /** `keelson sync`, which waits for the round; throws when the node is not ready then. */
  sync: () => Promise<void>;
  /** What a user's cron job does: pulls and brings all projects up. */
  referenceUp: (options?: { fetch?: "pull" | "fetch"; args?: readonly string[] }) => Promise<void>;
  /** A Compose call in the clone's folder of an instance. */
  composeCommand: (
    instance: number,
    ...args: string[]
  ) => { command: [string, ...string[]]; cwd: string; env: NodeJS.ProcessEnv };
  referenceDown: () => Promise<void>;
}

const agentOptions = { interval: "1s", report: { as: "none" } };

export async function startBench(
  shape: BenchShape,
  agent: Record<string, unknown> = {},
): Promise<BenchPlatform> {
  await using stack = new AsyncDisposableStack();
  const engine = stack.use(await startEngine());
  const platform = stack.use(
    await startPlatform({
      engine,
      release: releaseText(shape),
      environment: environmentOf(
        shape,
        Array.from({ length: shape.instances }, () => null),
      ),
      agent: { ...agentOptions, ...agent },
    }),
  );
  await platform.server.createRepository("reference");
  const writer = stack.use(await makeGitRepository({ remote: platform.server.url("reference") }));
  const folder = stack.use(await makeTempFolder("keelson-bench-"));
  const clone = folder.join("clone");
  const referenceEngine = stack.use(await startEngine());
  await copyImage(platform.image("bench:1"), { from: engine.docker, to: referenceEngine.docker });
  const publishReference = async (revisions: readonly (number | null)[]) => {
    const files = composeFiles(shape, { revisions, imagePrefix: platform.image("") });
    await writer.commit({ files, message: "change" });
    await writer.push();
  };
  await publishReference([]);
  await outputOf(["git", "clone", "--quiet", platform.server.url("reference"), clone]);
  const compose = process.env["KEELSON_COMPOSE"] ?? "docker-compose";
  const env = plainEnvironment({ DOCKER_HOST: referenceEngine.dockerHost, COMPOSE_PROGRESS: "quiet" });
  let present: readonly (number | null)[] = [];
  const composeCommand = (instance: number, ...args: string[]) => ({
    command: [compose, ...args] as [string, ...string[]],
    cwd: join(clone, instanceName(instance)),
    env,
  });
  const run = async (command: readonly [string, ...string[]], cwd?: string) => {
    const end = await runProgram(command, { env, timeoutMs: 600_000, ...(cwd === undefined ? {} : { cwd }) });
    if (end.exitCode !== 0) throw new Error(`${command.join(" ")} ended with ${end.exitCode}\n${end.stderr}`);
  };
  let child: ChildProcess | undefined;
  const plannedAtMs: number[] = [];
  const stopAgent = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGTERM");
    await ended;
  };
  stack.defer(stopAgent);
  const cleanUp = stack.move();
  return {
    platform,
    engine,
    composeCommand,
    startAgent: async () => {
      const [program, ...args] = agentBundle("run", "--config", platform.config);
      child = spawn(program, args, { env: plainEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
      createInterface({ input: required(child.stdout, "its log") }).on("line", (line) => {
        const { event, time } = JSON.parse(line);
        if (event === "planned") plannedAtMs.push(Date.parse(time));
      });
      await waitFor(async () => isAnswering(platform), { what: "the agent" });
    },
    plannedAtMs,
    stopAgent,
    publish: async (revisions) => {
      present = revisions;
      await platform.push({
        [platform.paths.environment]: stringify({
          name: platform.environment,
          releases: { app: "^1.0.0" },
          policy: { requireDigests: false, allowMassRemoval: true },
          ...environmentOf(shape, revisions),
        }),
      });
      await publishReference(revisions);
    },
    sync: async () => run(keelsonBundle("sync", "--config", platform.config)),
    referenceUp: async ({ fetch = "pull", args = [] } = {}) => {
      await run(["git", "-C", clone, fetch, "--quiet"]);
      for (const [instance, revision] of present.entries()) {
        if (revision === null) continue;
        const { command, cwd } = composeCommand(instance, "up", "-d", ...args);
        await run(command, cwd);
      }
    },
    referenceDown: async () => {
      for (let instance = 0; instance < shape.instances; instance++) {
        const { command, cwd } = composeCommand(instance, "down");
        if (present[instance] !== null) await run(command, cwd);
      }
    },
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

async function copyImage(tag: string, { from, to }: { from: Docker; to: Docker }): Promise<void> {
  const answer = await to.loadImage(await from.getImage(tag).get(), { quiet: true });
  await finished(answer.resume());
}

async function isAnswering({ config }: Platform): Promise<true> {
  const end = await runProgram(keelsonBundle("sync", "--config", config), { env: plainEnvironment() });
  if (end.exitCode !== 0) throw new Error(`the agent is not ready: ${end.stdout}${end.stderr}`);
  return true;
}

/** The text of a file of the platform's state folder. */
export async function readStateFile(platform: Platform, name: string): Promise<string> {
  return readFile(join(platform.stateDir, name), "utf8");
}
