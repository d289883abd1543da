import { fetchRevision, readCommit, readCredential } from "@keelson/git";
import {
  type AgentConfig,
  type KeelsonEvent,
  KeelsonError,
  type ObservedContainer,
  type Revision,
  codeOf,
  formatError,
  parseDurationMs,
  redact,
} from "@keelson/model";
import { type NodeSettings, findComposeBinary, gitPath, readAgentConfig, wireApply } from "@keelson/node";
import { type Round, describeUnbegun, reconcileOnce } from "@keelson/reconcile";
import {
  escapeLines,
  formatJson,
  formatOperation,
  formatPlanSummary,
  formatProblems,
  isMereStep,
} from "@keelson/report";

import { type RoundReport, fingerprintOf } from "./round-report.ts";

/** A killed predecessor's Compose child ends by itself; a round that waits for it goes on then. */
const lockWaitMs = 60_000;

/** One round of this node; returns the exit code: 0 when the node is as desired. */
export async function reconcile(
  options: { config: string; json?: boolean },
  signal: AbortSignal,
): Promise<0 | 1> {
  const config = readAgentConfig(options.config);
  const log = newLog(options.json === true ? process.stderr : process.stdout);
  const round = await runRound(config, { log, signal });
  logRound(log, round);
  await tellWatcher(round, config);
  if (options.json === true) process.stdout.write(`${formatJson(round.status)}\n`);
  return isReady(round) ? 0 : 1;
}

/** A round that a watcher started says how it went, and what to look at from now on. */
async function tellWatcher(round: Round, config: AgentConfig): Promise<void> {
  if (process.send === undefined) return;
  const { url, branch, credential } = config.source;
  const timeoutMs = parseDurationMs(config.timeouts.git);
  const isOurs = ({ ownership }: ObservedContainer) => ownership === "ours";
  const containers = round.observed?.containers
    .filter(isOurs)
    .map((each) => [each.id, fingerprintOf(each)] as const);
  const report: RoundReport = {
    isReady: isReady(round),
    isStalled:
      round.status.errors.length > 0 && round.status.errors.every(({ outcome }) => outcome === "stalled"),
    operationCount: round.results.length,
    commit: round.revision?.staleBecause === undefined ? (round.revision?.commit ?? "") : "",
    containers: containers === undefined ? null : Object.fromEntries(containers),
    follow: {
      git: {
        url,
        branch,
        timeoutMs,
        credential: credential === undefined ? null : await readLogin(credential, timeoutMs),
      },
      environment: config.environment,
      dockerHost: config.dockerHost ?? process.env["DOCKER_HOST"],
      intervalMs: parseDurationMs(config.interval),
    },
  };
  process.send(report);
}

/** What cannot be read now fails the round's own fetch, with its code; the watcher then asks without it. */
async function readLogin(...[credential, timeoutMs]: Parameters<typeof readCredential>) {
  try {
    return await readCredential(credential, timeoutMs);
  } catch {
    return null;
  }
}

async function runRound(config: AgentConfig, on: { log: Log; signal: AbortSignal }): Promise<Round> {
  const { signal } = on;
  const { environment, node: name, source } = config;
  const { url, branch, credential } = source;
  const options = {
    reference: { environment, node: name },
    source: { url, branch },
    signal,
  };
  try {
    const settings = await settingsOf(config);
    const fetch = {
      source: { url, branch, ...(credential === undefined ? {} : { credential }) },
      gitDir: gitPath(settings),
      timeoutMs: parseDurationMs(config.timeouts.git),
    };
    using node = await wireApply(settings, {
      fetchRevision: async () => fetchOrLast(fetch),
      emit: (event) => logEvent(on.log, event),
      signal,
      lockWaitMs,
    });
    return await reconcileOnce(node, options);
  } catch (error) {
    return describeUnbegun(error, { ...options, at: new Date() });
  }
}

/** While Git is away the node is kept at the last revision that it has; a revision is never made up. */
async function fetchOrLast(fetch: Parameters<typeof fetchRevision>[0]): Promise<Revision> {
  try {
    return await fetchRevision(fetch);
  } catch (error) {
    if (!(error instanceof KeelsonError) || error.outcome.kind !== "transient") throw error;
    const last = await readLast(fetch);
    if (last === null) throw error;
    return { ...last, staleBecause: error };
  }
}

async function readLast({
  gitDir,
  timeoutMs,
}: Parameters<typeof fetchRevision>[0]): Promise<Revision | null> {
  try {
    return await readCommit({ repository: gitDir, revision: "refs/heads/tracked", timeoutMs });
  } catch (error) {
    if (error instanceof KeelsonError) return null; // there is none yet, or no system Git: the fetch's error is the one to tell
    throw error;
  }
}

async function settingsOf(config: AgentConfig): Promise<NodeSettings> {
  return {
    environment: config.environment,
    node: config.node,
    stateDir: config.stateDir,
    keyFile: config.keyFile,
    secretsFile: config.secretsFile ?? null,
    dockerHost: config.dockerHost ?? process.env["DOCKER_HOST"],
    composeBinary: await findComposeBinary(process.env),
    pullTimeoutMs: parseDurationMs(config.timeouts.pull),
  };
}

function isReady(round: Round): boolean {
  return round.status.conditions.some(({ type, status }) => type === "Ready" && status === "true");
}

/** The plan, then a line per operation. */
function logEvent(log: Log, event: KeelsonEvent): void {
  switch (event.type) {
    case "planned":
      return log(formatPlanSummary(event));
    case "operation-finished":
      return isMereStep(event.operation)
        ? undefined
        : log(`done ${formatOperation(event.operation)} ${Math.round(event.elapsedMs)} ms`);
    case "operation-failed":
      return log(`failed ${formatOperation(event.operation)} [${codeOf(event.error)}]`);
    case "operation-skipped":
      return log(`skipped ${formatOperation(event.operation)}: ${event.because}`);
    default:
  }
}

function logRound(log: Log, round: Round): void {
  if (round.problems.length > 0) log(formatProblems(round.problems));
  const stale = round.revision?.staleBecause ?? null;
  for (const error of [stale, round.error, round.publishError]) if (error !== null) log(formatError(error));
  for (const { operation, error } of round.results.filter(({ outcome }) => outcome === "failed")) {
    log(`${operation.resource}\n${formatError(error)}`);
  }
  const ready = round.status.conditions.find(({ type }) => type === "Ready");
  const commit = round.revision?.commit.slice(0, 8) ?? "no revision";
  log(`${commit} ${isReady(round) ? "ready" : "not ready"}: ${ready?.message ?? ""}`);
}

/** Much of what is logged was written by others: it must not rule the terminal that shows it. */
type Log = (text: string) => void;

function newLog(stream: NodeJS.WritableStream): Log {
  return (text) => void stream.write(`${escapeLines(redact(text))}\n`);
}
