import { existsSync } from "node:fs";

import { type JobRun, connectEngine, runJob } from "@keelson/engine";
import {
  KeelsonError,
  type NodeSecrets,
  compareText,
  projectOf,
  quote,
  resourceIds,
  stalled,
} from "@keelson/model";
import { openSecrets } from "@keelson/secrets";
import {
  type ComposeServices,
  composeFileOf,
  listComposeServices,
  readComposeServices,
} from "@keelson/store";

import { noKey } from "./node-engine.ts";
import type { NodeSettings } from "./node-settings.ts";
import { requireTrustedFolders } from "./trusted-files.ts";

export type RunSettings = Pick<
  NodeSettings,
  "environment" | "stateDir" | "keyFile" | "secretsFile" | "dockerHost" | "composeBinary"
>;

export type RunIn = Pick<JobRun, "service" | "command" | "stdout" | "stderr" | "signal"> & {
  instance: string;
};

/**
 * Runs a service of an instance once more, as it stands on this node, and returns its exit code. Throws K9018 without the
 * node's key, and what `requireService` throws.
 */
export async function runService(settings: RunSettings, { instance, ...job }: RunIn): Promise<number> {
  const { keyFile, dockerHost, composeBinary } = settings;
  if (!existsSync(keyFile)) throw noKey(keyFile);
  requireTrustedFolders(settings);
  const secrets = await openSecrets(settings);
  const place = await requireService(settings, { instance, service: job.service, secrets });
  const engine = connectEngine(dockerHost === undefined ? {} : { dockerHost });
  return runJob(engine, { ...job, ...place, composeBinary });
}

/**
 * From what a service of an instance can be run. Throws K9071 when the instance has no Compose file of this environment here,
 * and K9070 when that has no such service.
 */
export async function requireService(
  { environment, stateDir }: Pick<RunSettings, "environment" | "stateDir">,
  {
    instance,
    service,
    secrets,
  }: { instance: string; service: string; secrets: Pick<NodeSecrets, "ownershipOf"> },
): Promise<Pick<JobRun, "composeFile" | "project">> {
  // The state folder has instances by their name alone: the labels say of which environment they are.
  const isOwn = (name: string, services: ComposeServices) =>
    [...services].every(([each, owner]) => {
      const resource = resourceIds.service(projectOf(environment, name), each);
      return secrets.ownershipOf(resource, owner) === "ours";
    });
  const services = await readComposeServices(stateDir, instance);
  if (services === null || !isOwn(instance, services)) {
    const known = [...(await listComposeServices(stateDir))].filter(([name, each]) => isOwn(name, each));
    throw notHere({ instance, environment, known: known.map(([name]) => name) });
  }
  if (!services.has(service)) {
    throw noService({ instance, service, services: [...services.keys()].sort(compareText) });
  }
  return { composeFile: composeFileOf(stateDir, instance), project: projectOf(environment, instance) };
}

function notHere({
  instance,
  environment,
  known,
}: {
  instance: string;
  environment: string;
  known: readonly string[];
}): KeelsonError {
  return new KeelsonError({
    code: "K9071",
    message: `the instance ${quote(instance)} of ${environment} is not applied on this node`,
    hint:
      known.length === 0
        ? `No instance of ${environment} is. Name the node's agent.yaml with --config.`
        : `Those that are: ${known.join(", ")}`,
    outcome: stalled,
  });
}

function noService({
  instance,
  service,
  services,
}: {
  instance: string;
  service: string;
  services: readonly string[];
}): KeelsonError {
  return new KeelsonError({
    code: "K9070",
    message: `the instance ${instance} has no service ${quote(service)} on this node`,
    hint: `Its services: ${services.join(", ")}`,
    outcome: stalled,
  });
}
