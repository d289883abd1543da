import { existsSync } from "node:fs";

import { type Engine, type JobRun, connectEngine, findRuns, newRunName, runJob } from "@keelson/engine";
import { KeelsonError, type NodeSecrets, compareText, quote, resourceIds, stalled } from "@keelson/model";
import { openRecordCopy } from "@keelson/record";
import { type StoredCompose, composeFileOf, listStoredCompose, readStoredCompose } from "@keelson/store";

import { engineAddress } from "./engine-address.ts";
import { type TakenLock, takeJobLock } from "./job-lock.ts";
import { hideSecrets } from "./hidden-error.ts";
import { noKey } from "./node-engine.ts";
import { openNodeSecrets } from "./node-secrets.ts";
import { type NodeSettings, recordPath } from "./node-settings.ts";
import { fillVariables } from "./secret-variable.ts";
import { requireUnsuspended } from "./suspension.ts";
import { requireTrustedFolders } from "./trusted-files.ts";

export type RunSettings = Pick<
  NodeSettings,
  | "environment"
  | "stateDir"
  | "keyFile"
  | "secretsFile"
  | "ageKeyFile"
  | "dockerHost"
  | "composeBinary"
  | "waits"
>;

export type RunIn = Pick<JobRun, "service" | "command" | "stdout" | "stderr" | "signal"> & {
  instance: string;
  /** A person wants this run although action is withheld. */
  isForced: boolean;
};

/**
 * Runs a service of an instance once more, as it stands on this node, and returns its exit code. Throws K9018 without the
 * node's key, K9080 while a person withholds action, K9072 while another run of a scheduled job is at work, and what `requireService` and the record throw.
 */
export async function runService(
  settings: RunSettings,
  { instance, isForced, ...job }: RunIn,
): Promise<number> {
  const { keyFile, composeBinary } = settings;
  if (!existsSync(keyFile)) throw noKey(keyFile);
  requireTrustedFolders(settings);
  if (!isForced) await requireUnsuspended(settings.stateDir, "run it all the same with --force");
  const needsSecret = ((await readStoredCompose(settings.stateDir, instance))?.secretVariables.size ?? 0) > 0;
  // Of the output nothing is hidden: a broken secrets file must keep nobody out who needs none of its values.
  const secrets = await openNodeSecrets(needsSecret ? settings : { ...settings, secretsFile: null });
  const place = await requireService(settings, { instance, service: job.service, secrets });
  const engine = connectEngine(engineAddress(settings));
  const { service, signal } = job;
  const lock = await takeJob(settings, { engine, project: place.project, service, signal });
  try {
    const name = newRunName({ project: place.project, service });
    const { stopMs: longestStopMs } = settings.waits;
    return await runJob(engine, { ...job, ...place, name, composeBinary, longestStopMs });
  } catch (error) {
    // It can quote what Compose and the engine said.
    throw hideSecrets(error, secrets.hideValues);
  } finally {
    lock?.release();
  }
}

/** Keeps other runs of a scheduled job from beginning; null for a service that this node does not run by a schedule. */
async function takeJob(
  settings: RunSettings,
  { engine, ...of }: Pick<JobRun, "project" | "service" | "signal"> & { engine: Engine },
): Promise<TakenLock | null> {
  const job = `${of.project}/${of.service}`;
  if (!isScheduled(settings, job)) return null;
  const lock = await takeJobLock(settings, job);
  if (lock === null) throw atWork(job);
  try {
    // The process of a run may have been killed.
    if ((await findRuns(engine, of)).length > 0) throw atWork(job);
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The record knows a job from when it is applied, before its first time has come. */
function isScheduled(settings: Pick<RunSettings, "stateDir">, job: string): boolean {
  const path = recordPath(settings);
  if (!existsSync(path)) return false;
  using record = openRecordCopy({ path });
  return record.readScheduledJobs().some(({ name }) => name === job);
}

function atWork(job: string): KeelsonError {
  return new KeelsonError({
    code: "K9072",
    message: `a run of the scheduled job ${job} is still at work`,
    hint: "Wait until it has ended: no two runs of a job are at work at the same time.",
    outcome: stalled,
  });
}

/**
 * From what a service of an instance can be run. Throws K9071 when the instance has no Compose file of this environment here,
 * K9070 when that has no such service, and K5002 when a secret of its environment has no value.
 */
export async function requireService(
  { environment, stateDir }: Pick<RunSettings, "environment" | "stateDir">,
  {
    instance,
    service,
    secrets,
  }: { instance: string; service: string; secrets: Pick<NodeSecrets, "ownershipOf" | "fillSecrets"> },
): Promise<Pick<JobRun, "composeFile" | "project" | "secretVariables">> {
  // The state folder has instances by their name alone: the labels say of which environment they are.
  const isOwn = ({ project, environment: of, services }: StoredCompose) =>
    of === environment &&
    [...services].every(([each, owner]) => {
      const resource = resourceIds.service(project, each);
      return secrets.ownershipOf(resource, owner) === "ours";
    });
  const stored = await readStoredCompose(stateDir, instance);
  if (stored === null || !isOwn(stored)) {
    const known = [...(await listStoredCompose(stateDir))].filter(([, each]) => isOwn(each));
    throw notHere({ instance, environment, known: known.map(([name]) => name) });
  }
  const { project, services } = stored;
  if (!services.has(service)) {
    throw noService({ instance, service, services: [...services.keys()].sort(compareText) });
  }
  const secretVariables = fillVariables(stored.secretVariables, secrets);
  return { composeFile: composeFileOf(stateDir, instance), project, secretVariables };
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
