import type Docker from "dockerode";
import { afterAll, beforeAll, beforeEach, onTestFailed } from "vitest";
import {
  findFreePort,
  makeGitRepository,
  makeTempFolder,
  removeProjects,
  runKeelson,
  sharedEngine,
  startGitServer,
  uniqueName,
} from "../support/index.ts";
import type {
  Credentials,
  Engine,
  GitRepository,
  GitServer,
  ImageSpec,
  KeelsonOptions,
  ProgramResult,
} from "../support/index.ts";
import { writeAgentFiles } from "./agent-config.ts";
import type { AgentFiles } from "./agent-config.ts";
import { startAgent } from "./agent-process.ts";
import type { ReconcileOptions, Round, RunningAgent } from "./agent-process.ts";
import { saveArtefacts } from "./artefacts.ts";
import { execIn, findContainer, listContainers } from "./containers.ts";
import type { Container } from "./containers.ts";
import { makeLoadedImages } from "./loaded-images.ts";
import { makeSmallRepository } from "./repository-text.ts";
import { readSample, sampleNode } from "./sample.ts";
import { makeStateRepository } from "./state-repository.ts";
import type { StateRepository } from "./state-repository.ts";

export type { ReconcileOptions, Round, RunningAgent } from "./agent-process.ts";
export type { Container } from "./containers.ts";
export type { Change, Changes } from "./state-repository.ts";

export interface PlatformOptions {
  /**
   * Files of the release `app` 1.0.0 of a small platform, as `-- packages/web/compose.yaml --`; the sample unless told.
   * `IMAGES/name:version` is an image that serves the page `name version` on port 8080 and is loaded by itself, also
   * when a later push names it, unless its name begins with `absent`.
   */
  readonly release?: string;
  /** Unique unless told: a name that begins with another platform's has to be made from that. */
  readonly name?: string;
  /** Of a small platform: put over what environment.yaml has by itself, an instance of each package. */
  readonly environment?: Readonly<Record<string, unknown>>;
  /** Of a small platform: documents of nodes without their names; the first node is the one that runs. */
  readonly nodes?: Readonly<Record<string, object>>;
  /** Secrets of the node by release and name. */
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** A private engine, where the test stops it; the shared one unless told. */
  readonly engine?: Engine;
  /** Images that are not the usual ones, by `name:version`. */
  readonly images?: Readonly<Record<string, Omit<ImageSpec, "tag">>>;
  /** With them the Git server asks for basic authentication; the agent has them in a file. */
  readonly credentials?: Credentials;
  /** More of agent.yaml. */
  readonly agent?: Readonly<Record<string, unknown>>;
}

export interface Platform extends AsyncDisposable, StateRepository, AgentFiles {
  /** A unique name, which begins the names of all Compose projects. */
  readonly environment: string;
  readonly node: string;
  /** Compose project of an instance. */
  project(instance: string): string;
  /** `name:version` as the engine knows it. */
  image(tag: string): string;
  readonly docker: Docker;
  /** undefined: the standard socket. */
  readonly dockerHost: string | undefined;
  readonly server: GitServer;
  /** A clone of the state repository, as somebody works in it. */
  readonly repository: GitRepository;
  /** Of documents in the repository. */
  readonly paths: { readonly environment: string; readonly lock: string; readonly node: string };
  /** Files of this node outside of Git, which go with the platform. */
  readonly folder: string;
  /** The port that the sample publishes. */
  readonly port: number;
  /** One round of the real agent, to its end. */
  reconcile(options?: ReconcileOptions): Promise<Round>;
  /** Starts a round and returns while it runs. */
  startRound(options?: ReconcileOptions): RunningAgent;
  /** The real command in the work tree of the repository. */
  keelson(args: readonly string[], options?: KeelsonOptions): Promise<ProgramResult>;
  /** All containers of this environment's projects, ours or not. */
  containers(): Promise<Container[]>;
  /** The one container of `instance/service`; throws when there is none or more than one. */
  container(name: string): Promise<Container>;
  /** Output of a command in the container of `instance/service`. */
  exec(name: string, ...command: string[]): Promise<string>;
  /** The body of a page of the sample's published port. */
  page(path: string): Promise<string>;
  /** The body of a page of the container of `instance/service`, by its address. */
  pageOf(name: string, path?: string): Promise<string>;
  /** Keeps what helps to understand a failure; returns the folder. */
  keepArtefacts(): Promise<string>;
}

/** Runs a scenario on a platform of its own. When it fails, its error names a folder with what helps to understand it. */
export async function withPlatform(
  options: PlatformOptions,
  run: (platform: Platform) => Promise<void>,
): Promise<void> {
  await using platform = await startPlatform(options);
  try {
    await run(platform);
  } catch (error) {
    const folder = await platform.keepArtefacts();
    if (error instanceof Error) error.message += `\nartefacts are in ${folder}`;
    throw error;
  }
}

/** One platform for all tests of a `describe`, which build on one another. */
export function usePlatform(options: PlatformOptions): () => Platform {
  let platform: Platform | undefined;
  const get = () => {
    if (platform === undefined) throw new Error("the platform did not start");
    return platform;
  };
  beforeAll(async () => {
    platform = await startPlatform(options);
  });
  beforeEach(() => {
    onTestFailed(async () => {
      process.stderr.write(`artefacts are in ${await get().keepArtefacts()}\n`);
    });
  });
  afterAll(async () => platform?.[Symbol.asyncDispose]());
  return get;
}

/**
 * Makes a state repository on a real Git server, loads its images and writes an agent.yaml; nothing runs yet. Prefer
 * `withPlatform` and `usePlatform`, which keep artefacts. Disposing it removes everything from the engine and the disk.
 */
export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  await using stack = new AsyncDisposableStack();
  const environment = options.name ?? uniqueName("t");
  const docker = options.engine?.docker ?? (await sharedEngine());
  const dockerHost = options.engine?.dockerHost ?? process.env["DOCKER_HOST"];
  const { credentials } = options;
  const folder = stack.use(await makeTempFolder("keelson-platform-"));
  const server = stack.use(await startGitServer(credentials === undefined ? {} : { credentials }));
  const images = stack.use(
    makeLoadedImages(docker, { prefix: `keelson-${environment}`, specs: options.images ?? {} }),
  );
  stack.defer(async () => removeProjects(docker, `${environment}-`));

  const port = await findFreePort();
  const node =
    options.release === undefined ? sampleNode : (Object.keys(options.nodes ?? { n1: {} })[0] ?? "n1");
  const paths = pathsOf({ environment, node });
  await server.createRepository("platform");
  const remote = Object.assign(new URL(server.url("platform")), credentials);
  const repository = stack.use(await makeGitRepository({ remote: remote.href }));
  const state = makeStateRepository(repository, {
    lock: paths.lock,
    complete: async (text) => images.loadNamed(text),
  });
  await state.push(await firstFiles(options, { environment, port }), "first");
  const agentFiles = await writeAgentFiles(folder.path, {
    environment,
    node,
    url: server.url("platform"),
    dockerHost,
    secrets: options.secrets ?? { "sample-platform": { adminKey: "the-admin-key" } },
    credentials,
    more: options.agent ?? {},
  });

  const log: string[] = [];
  const startRound = (round: ReconcileOptions = {}) => startAgent(agentFiles.config, { ...round, log });
  const containers = async () => listContainers(docker, `${environment}-`);
  const container = async (name: string) => findContainer(await containers(), { environment, name });
  const cleanUp = stack.move();
  return {
    ...state,
    ...agentFiles,
    environment,
    node,
    project: (instance) => `${environment}-${instance}`,
    image: (tag) => images.nameOf(tag),
    docker,
    dockerHost,
    server,
    repository,
    paths,
    folder: folder.path,
    port,
    startRound,
    reconcile: async (round) => startRound(round).ended,
    keelson: async (args, { env, ...run } = {}) =>
      runKeelson(args, { cwd: repository.path, ...run, env: { DOCKER_HOST: dockerHost, ...env } }),
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

function pathsOf({ environment, node }: { environment: string; node: string }): Platform["paths"] {
  const folder = `environments/${environment}`;
  return {
    environment: `${folder}/environment.yaml`,
    lock: `${folder}/lock.yaml`,
    node: `${folder}/nodes/${node}.yaml`,
  };
}

async function firstFiles(
  { release, nodes = { n1: {} }, environment: environmentDocument = {} }: PlatformOptions,
  { environment, port }: { environment: string; port: number },
): Promise<Record<string, string>> {
  return release === undefined
    ? readSample({ environment, port })
    : makeSmallRepository({ environment, release, nodes, environmentDocument });
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return response.text();
}
