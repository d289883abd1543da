import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

import {
  findFreePort,
  makeTempFolder,
  removeProjects,
  runKeelson,
  sharedEngine,
  startEngine,
  startStateServer,
  uniqueName,
  waitFor,
} from "../support/index.ts";
import { changeConfig, writeAgentFiles } from "./agent-config.ts";
import { startAgent } from "./agent-process.ts";
import type { ReconcileOptions } from "./agent-process.ts";
import { saveArtefacts } from "./artefacts.ts";
import { execIn, findContainer, listContainers } from "./containers.ts";
import { makeLoadedImages } from "./loaded-images.ts";
import { readOwnStatus, readReport } from "./node-status.ts";
import { fetchPage } from "./page.ts";
import type { Platform, PlatformOptions } from "./platform-shape.ts";
import { makeSmallRepository } from "./repository-text.ts";
import { readSample, sampleNode } from "./sample.ts";
import { makeStateRepository } from "./state-repository.ts";
import { startStaying } from "./staying-agent.ts";

/**
 * Makes a state repository on a real Git server, loads its images and writes an agent.yaml; nothing runs yet. Prefer
 * `withPlatform` and `usePlatform`, which keep artefacts. Disposing it removes everything from the engine and the disk.
 */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  await using stack = new AsyncDisposableStack();
  const environment = options.name ?? uniqueName("t");
  const engine = options.engine === "own" ? stack.use(await startEngine()) : options.engine;
  const docker = engine?.docker ?? (await sharedEngine());
  const dockerHost = engine?.dockerHost ?? process.env["DOCKER_HOST"];
  const folder = stack.use(await makeTempFolder("keelson-platform-"));
  const images = stack.use(
    makeLoadedImages(docker, { prefix: `keelson-${environment}`, specs: options.images ?? {} }),
  );
  stack.defer(async () => removeProjects(docker, `${environment}-`));
  const port = await findFreePort();
  const desired = stack.use(
    await publish(options, { environment, port, complete: async (text) => images.loadNamed(text) }),
  );
  const agentFiles = await writeAgentFiles(folder.path, {
    environment,
    node: desired.node,
    url: desired.server.url("platform"),
    dockerHost,
    secrets: options.secrets ?? { "sample-platform": { adminKey: "the-admin-key" } },
    credentials: options.credentials,
    monitor: options.monitor,
    more: options.agent ?? {},
  });

  const log: string[] = [];
  const startRound = (round: ReconcileOptions = {}) => startAgent(agentFiles.config, { ...round, log });
  const containers = async () => listContainers(docker, `${environment}-`);
  const pageOf = async (name: string, path = "/") => {
    const [address] = Object.values((await container(name)).addresses);
    return fetchPage(`http://${address}:8080${path}`);
  };
  const container = async (name: string) => findContainer(await containers(), { environment, name });
  const { node, server, repository } = desired;
  // One that the test stopped could not remove what it has.
  stack.defer(async () => engine?.start());
  const cleanUp = stack.move();
  return {
    ...desired,
    ...agentFiles,
    environment,
    project: (instance) => `${environment}-${instance}`,
    image: (tag) => images.nameOf(tag),
    docker,
    dockerHost,
    engine: () => {
      if (engine === undefined) throw new Error("the platform uses the shared engine");
      return engine;
    },
    folder: folder.path,
    port,
    configure: async (change, as) => changeConfig(agentFiles.config, change, as),
    startRound,
    reconcile: async (round) => startRound(round).ended,
    startAgent: (stay) => startStaying(agentFiles.config, stay),
    status: async () => readOwnStatus(agentFiles.stateDir),
    report: async (name = "platform") => {
      const { href } = Object.assign(new URL(server.url(name)), options.credentials);
      return readReport(repository, { url: href, environment, node });
    },
    keelson: async (args, { env, ...run } = {}) =>
      runKeelson(args, { cwd: repository.path, ...run, env: { DOCKER_HOST: dockerHost, ...env } }),
    containers,
    container,
    forgetStarts: () => forgetStarts(agentFiles.stateDir),
    stop: async (name) => {
      const found = await container(name);
      await docker.getContainer(found.id).kill();
      return found;
    },
    exec: async (name, ...command) => execIn(docker, (await container(name)).id, command),
    page: async (path) => fetchPage(`http://127.0.0.1:${port}${path}`),
    pageOf,
    untilPage: async (name, { path, is }) => {
      const isThere = async () => {
        const body = await pageOf(name, path);
        return body === is || Promise.reject(new Error(`it is ${body}`));
      };
      await waitFor(isThere, { what: `${path} of ${name} to be ${is}` });
    },
    keepArtefacts: async () => saveArtefacts({ environment, docker, folder: folder.path, log }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

type Published = Pick<
  Platform,
  "node" | "server" | "repository" | "paths" | "commit" | "push" | "upgrade" | typeof Symbol.asyncDispose
>;

/** The Git server with the state repository, of which the first commit is pushed. */
async function publish(
  options: PlatformOptions,
  place: { environment: string; port: number; complete: (text: string) => Promise<string> },
): Promise<Published> {
  await using stack = new AsyncDisposableStack();
  const { credentials, release, files = null, nodes = { n1: {} } } = options;
  const { server, repository } = stack.use(
    await startStateServer({ name: "platform", credentials, through: "server" }),
  );
  const isSample = release === undefined && files === null;
  const node = isSample ? sampleNode : (Object.keys(nodes)[0] ?? "n1");
  const paths = pathsOf({ environment: place.environment, node });
  const state = makeStateRepository(repository, { lock: paths.lock, complete: place.complete });
  const environmentDocument = options.environment ?? {};
  const small = { environment: place.environment, nodes, environmentDocument };
  const first =
    files ?? (release === undefined ? await readSample(place) : makeSmallRepository({ ...small, release }));
  await state.push(first, "first");
  const cleanUp = stack.move();
  return { ...state, node, server, repository, paths, [Symbol.asyncDispose]: () => cleanUp.disposeAsync() };
}

function pathsOf({ environment, node }: { environment: string; node: string }): Platform["paths"] {
  const folder = `environments/${environment}`;
  return {
    environment: `${folder}/environment.yaml`,
    lock: `${folder}/lock.yaml`,
    node: `${folder}/nodes/${node}.yaml`,
  };
}

function forgetStarts(stateDir: string): void {
  const path = join(stateDir, "record.db");
  if (!existsSync(path)) return;
  using record = new DatabaseSync(path, { timeout: 60_000 });
  record.exec("DELETE FROM operations WHERE kind = 'start-service' AND result IS NOT NULL");
}
