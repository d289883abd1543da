import { type JobRun, connectEngine, runJob } from "@keelson/engine";
import { KeelsonError, projectOf, quote, stalled } from "@keelson/model";
import { composeFileOf, readComposeServices } from "@keelson/store";

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
 * Runs a service of an instance once more, as it stands on this node, and returns its exit code. Throws K9071 when the
 * instance has no Compose file here, and K9070 when that has no such service.
 */
export async function runService(settings: RunSettings, { instance, ...job }: RunIn): Promise<number> {
  const { environment, stateDir, dockerHost, composeBinary } = settings;
  requireTrustedFolders(settings);
  const services = await readComposeServices(stateDir, instance);
  if (services === null) throw notHere(instance, environment);
  if (!services.includes(job.service)) throw noService({ instance, service: job.service, services });
  const engine = connectEngine(dockerHost === undefined ? {} : { dockerHost });
  const composeFile = composeFileOf(stateDir, instance);
  return runJob(engine, { ...job, composeBinary, composeFile, project: projectOf(environment, instance) });
}

function notHere(instance: string, environment: string): KeelsonError {
  return new KeelsonError({
    code: "K9071",
    message: `the instance ${quote(instance)} of ${environment} is not applied on this node`,
    hint: "See what this node has: keelson status --local. Name the node's agent.yaml with --config.",
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
