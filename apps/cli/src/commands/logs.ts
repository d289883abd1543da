import { KeelsonError, type ObservedContainer, compareText, quote, stalled } from "@keelson/model";
import { type NodeEngine, type NodeSettings, wireEngine } from "@keelson/node";

import { type NodeOptions } from "../node-options.ts";
import { findAgentConfig, readNodePlace } from "../node-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { logPrinter } from "../print/log.ts";

/** Options that lead to the engine of this node and to the key that shows which containers are its own. */
export type EngineOptions = Omit<NodeOptions, "repository" | "node">;

export interface LogsOptions extends EngineOptions {
  follow?: boolean;
  tail: number | "all";
  since?: Date;
  timestamps?: boolean;
}

/** Prints the logs of an instance's own containers on this node. With `--follow` the signal ends it, without a failure. */
export async function logs(
  options: LogsOptions,
  { args, output, signal }: { args: readonly string[]; output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  const [instance = "", ...services] = args;
  const engine = await wireEngine(readEngineSettings(options));
  const containers = await findContainers(engine, { instance, services, signal });
  await engine.streamLogs({
    instance,
    services: [...new Set(services)],
    tail: options.tail,
    follow: options.follow ?? false,
    since: options.since,
    signal,
    onLine: logPrinter(output, {
      project: await engine.project(instance),
      containers: containers.map(({ name }) => name).sort(compareText),
      timestamps: options.timestamps ?? false,
    }),
  });
  return exitCodes.done;
}

/** Throws K9010 when neither the options nor agent.yaml name an environment. */
export function readEngineSettings(options: EngineOptions): Omit<NodeSettings, "composeBinary"> {
  const config = findAgentConfig(options.config);
  const environment = options.environment ?? config?.environment;
  if (environment === undefined) {
    throw new KeelsonError({
      code: "K9010",
      message: "it is not clear which environment is meant",
      hint: "Say it with --environment NAME, or name the node's agent.yaml with --config FILE.",
      outcome: stalled,
    });
  }
  const reference = { environment, node: config?.node ?? "" };
  return readNodePlace(options, reference);
}

/** This node's own containers of an instance, or of some services of it. Throws K9016 and K9017 when there are none. */
export async function findContainers(
  engine: NodeEngine,
  wanted: { instance: string; services: readonly string[]; signal: AbortSignal },
): Promise<ObservedContainer[]> {
  const all = await engine.listContainers(wanted.signal);
  const own = all.filter(({ instance }) => instance === wanted.instance);
  const instances = sortedNames(all.map(({ instance }) => instance));
  const services = sortedNames(own.map(({ service }) => service));
  if (own.length === 0) {
    throw notHere("K9016", `the instance ${quote(wanted.instance)} has no container of this node`, {
      hint:
        instances.length === 0
          ? "No instance of this environment has one."
          : `Those that have: ${instances.join(", ")}`,
    });
  }
  for (const service of wanted.services) {
    if (services.includes(service)) continue;
    throw notHere(
      "K9017",
      `the service ${quote(service)} of ${wanted.instance} has no container of this node`,
      {
        hint: `Those that have: ${services.join(", ")}`,
      },
    );
  }
  return own.filter(({ service }) => wanted.services.length === 0 || wanted.services.includes(service));
}

function sortedNames(names: readonly string[]): string[] {
  return [...new Set(names)].sort(compareText);
}

function notHere(code: string, message: string, { hint }: { hint: string }): KeelsonError {
  return new KeelsonError({ code, message, hint, outcome: stalled });
}
