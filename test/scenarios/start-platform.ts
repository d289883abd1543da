import {
  findFreePort,
  makeGitRepository,
  makeTempFolder,
  removeProjects,
  runKeelson,
  sharedEngine,
  startGitServer,
  uniqueName,
  waitFor,
} from "../support/index.ts";
import { writeAgentFiles } from "./agent-config.ts";
import { startAgent } from "./agent-process.ts";
import type { ReconcileOptions } from "./agent-process.ts";
import { saveArtefacts } from "./artefacts.ts";
import { execIn, findContainer, listContainers } from "./containers.ts";
import { makeLoadedImages } from "./loaded-images.ts";
import type { Platform, PlatformOptions } from "./platform-shape.ts";
import { makeSmallRepository } from "./repository-text.ts";
import { readSample, sampleNode } from "./sample.ts";
import { makeStateRepository } from "./state-repository.ts";

/**
 * Makes a state repository on a real Git server, loads its images and writes an agent.yaml; nothing runs yet. Prefer
 * `withPlatform` and `usePlatform`, which keep artefacts. Disposing it removes everything from the engine and the disk.
 */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  await using stack = new AsyncDisposableStack();
  const environment = options.name ?? uniqueName("t");
  const docker = options.engine?.docker ?? (await sharedEngine());
  const dockerHost = options.engine?.dockerHost ?? process.env["DOCKER_HOST"];
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
    more: options.agent ?? {},
  });

  const log: string[] = [];
  const startRound = (round: ReconcileOptions = {}) => startAgent(agentFiles.config, { ...round, log });
  const containers = async () => listContainers(docker, `${environment}-`);
  const container = async (name: string) => findContainer(await containers(), { environment, name });
  const cleanUp = stack.move();
  return {
    ...desired,
    ...agentFiles,
    environment,
    project: (instance) => `${environment}-${instance}`,
    image: (tag) => images.nameOf(tag),
    docker,
    dockerHost,
    folder: folder.path,
    port,
    startRound,
    reconcile: async (round) => startRound(round).ended,
    keelson: async (args, { env, ...run } = {}) =>
      runKeelson(args, { cwd: desired.repository.path, ...run, env: { DOCKER_HOST: dockerHost, ...env } }),
    containers,
    container,
    exec: async (name, ...command) => execIn(docker, (await container(name)).id, command),
    page: async (path) => fetchText(`http://127.0.0.1:${port}${path}`),
    pageOf: async (name, path = "/") => {
      const [address] = Object.values((await container(name)).addresses);
      return fetchText(`http://${address}:8080${path}`);
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
  on: { environment: string; port: number; complete: (text: string) => Promise<string> },
): Promise<Published> {
  await using stack = new AsyncDisposableStack();
  const { credentials, release, files = null, nodes = { n1: {} } } = options;
  const server = stack.use(await startGitServer(credentials === undefined ? {} : { credentials }));
  await server.createRepository("platform");
  const remote = Object.assign(new URL(server.url("platform")), credentials);
  const repository = stack.use(await makeGitRepository({ remote: remote.href }));
  const isSample = release === undefined && files === null;
  const node = isSample ? sampleNode : (Object.keys(nodes)[0] ?? "n1");
  const paths = pathsOf({ environment: on.environment, node });
  const state = makeStateRepository(repository, { lock: paths.lock, complete: on.complete });
  const environmentDocument = options.environment ?? {};
  const small = { environment: on.environment, nodes, environmentDocument };
  const first =
    files ?? (release === undefined ? await readSample(on) : makeSmallRepository({ ...small, release }));
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

/** A container that runs need not listen yet. */
async function fetchText(url: string): Promise<string> {
  const signal = AbortSignal.timeout(10_000);
  const response = await waitFor(async () => fetch(url, { signal }), { what: `${url} to answer` });
  return response.text();
}
