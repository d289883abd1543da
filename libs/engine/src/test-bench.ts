import { createHmac, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";

import {
  type ComposeService,
  type MadeHere,
  type OperationKind,
  type OperationOf,
  type Ownership,
  composeLabels,
  labels,
  resourceIds,
} from "@keelson/model";
import {
  type TempFolder,
  buildImageArchive,
  loadImages,
  makeTempFolder,
  removeImages,
  removeProjects,
  sharedEngineHost,
  uniqueName,
} from "@keelson/test/support";
import type Docker from "dockerode";

import { connectEngine } from "./engine.ts";
import type { EngineContext, LoginsInput, ObserveRequest, RegistryLogins } from "./index.ts";
import { containersOnly } from "./observation.ts";
import { openRegistryLogins } from "./registry-logins.ts";

/** An environment of its own on an engine, for tests; disposing it removes all that carries its name. */
export interface TestBench extends AsyncDisposable {
  readonly docker: Docker;
  readonly context: EngineContext;
  /** A name that nothing else on the engine begins with. */
  readonly environment: string;
  /** An image that the engine has, with a shell and the programs of busybox. */
  readonly image: string;
  readonly folder: TempFolder;
  /** Messages of `emitProgress`, with numbers. */
  readonly progress: { message: string; done?: number | undefined; total?: number | undefined }[];
  /** Ids of containers and networks that the round has not seen to be ours, whatever their labels say. */
  readonly foreign: Set<string>;
  project(instance: string): string;
  /** Writes the Compose file of an instance, with Keelson's labels on every service. */
  writeCompose(instance: string, services: Record<string, Partial<ComposeService>>): Promise<void>;
  observation(request?: Partial<ObserveRequest>): ObserveRequest;
  /** The labels that Keelson and Compose give to a container of a service. */
  serviceLabels(instance: string, service: string): Record<string, string>;
}

/** Of this process alone: what others have made on the same engine is not ours. */
const key = randomUUID();

export function ownerOf(resourceId: string): string {
  return createHmac("sha256", key).update(resourceId).digest("hex");
}

/** As they stand in a config.json. */
export function testLogins(configFile: string, more: Partial<LoginsInput> = {}): RegistryLogins {
  return openRegistryLogins({ configFile, isNamed: false, requireTrusted: () => {}, ...more });
}

/** As the node's secrets tell it. */
export function ownershipOf(resourceId: string, label: string | undefined): Ownership {
  if (label === undefined) return "foreign";
  return label === ownerOf(resourceId) ? "ours" : "forged";
}

/** A node that remembers all that carries its labels. */
export const everything: MadeHere = { container: () => "known", network: () => "unnoted" };

export async function makeTestBench(docker: Docker, dockerHost = sharedEngineHost()): Promise<TestBench> {
  await using stack = new AsyncDisposableStack();
  const environment = uniqueName("engine");
  const folder = stack.use(await makeTempFolder());
  const image = `${environment}:1`;
  await loadImages(docker, [await buildImageArchive({ tag: image, command: ["sleep", "1000"] })]);
  stack.defer(() => removeImages(docker, [image]));
  stack.defer(() => removeProjects(docker, environment));

  const progress: TestBench["progress"] = [];
  const foreign = new Set<string>();
  const composeFileOf = (instance: string) => folder.join(`${instance}.json`);
  const project = (instance: string) => `${environment}-${instance}`;
  const context: EngineContext = {
    engine: connectEngine({ dockerHost }),
    environment,
    ownerOf,
    own: {
      has: (id) => !foreign.has(id),
      add: (ids) => {
        for (const id of ids) foreign.delete(id);
      },
    },
    emitProgress: (message, done, total) => progress.push({ message, done, total }),
    signal: new AbortController().signal,
    composeBinary: findCompose(),
    composeFileOf,
    pullTimeoutMs: 30_000,
    logins: testLogins(folder.join("no-config.json")),
    longestStopMs: 60_000,
    lock: null,
  };
  const cleanUp = stack.move();
  return {
    docker,
    context,
    environment,
    image,
    folder,
    progress,
    foreign,
    project,
    writeCompose: async (instance, services) => {
      const model = composeModel({ project: project(instance), environment, instance, image, services });
      await writeFile(composeFileOf(instance), JSON.stringify(model));
    },
    observation: (request = {}) => ({
      environment,
      ...containersOnly,
      ownershipOf,
      madeHere: everything,
      ...request,
    }),
    serviceLabels: (instance, service) => ({
      [composeLabels.project]: project(instance),
      [composeLabels.service]: service,
      [composeLabels.oneOff]: "False",
      [composeLabels.containerNumber]: "1",
      ...ourLabels({ environment, instance, project: project(instance), service }),
    }),
    [Symbol.asyncDispose]: () => cleanUp.disposeAsync(),
  };
}

/** An operation of a plan with what the engine does not read filled in. */
export function operationOf<K extends OperationKind>(
  kind: K,
  fields: Omit<OperationOf<K>, "kind" | "id" | "resource" | "causes" | "class" | "after" | "parts"> &
    Partial<Pick<OperationOf<K>, "class">>,
): OperationOf<K> {
  const base = { kind, id: "#1", resource: "", causes: [], class: "recreate" as const, after: [] };
  // The type of a spread over a generic is not known to be the operation's.
  return Object({ ...base, ...fields });
}

interface ModelInput {
  project: string;
  environment: string;
  instance: string;
  image: string;
  services: Record<string, Partial<ComposeService>>;
}

function composeModel({ project, environment, instance, image, services }: ModelInput): unknown {
  const all = Object.entries(services).map(([service, definition]) => [
    service,
    {
      image,
      stop_grace_period: "1s",
      ...(definition.networks === undefined ? { network_mode: "none" } : {}),
      ...definition,
      labels: { ...ourLabels({ environment, instance, project, service }), ...definition.labels },
    },
  ]);
  const networks = { default: { name: `${project}_default`, external: true } };
  return { name: project, services: Object.fromEntries(all), networks };
}

function ourLabels({
  environment,
  instance,
  project,
  service,
}: {
  environment: string;
  instance: string;
  project: string;
  service: string;
}) {
  return {
    [labels.environment]: environment,
    [labels.instance]: instance,
    [labels.digest]: "d1",
    [labels.owner]: ownerOf(resourceIds.service(project, service)),
  };
}

/** Where distributions put the plugin (docs.docker.com/compose/install). */
const pluginFolders = ["/usr/libexec", "/usr/lib", "/usr/local/lib", "/usr/local/libexec"];

function findCompose(): string {
  const named = process.env["KEELSON_COMPOSE"];
  const found = [
    ...(named === undefined ? [] : [named]),
    ...pluginFolders.map((folder) => `${folder}/docker/cli-plugins/docker-compose`),
  ].find((path) => existsSync(path));
  if (found === undefined) throw new Error("there is no Compose v2: run script/setup");
  return found;
}
