import { fetchRevision } from "@keelson/git";
import {
  type AgentConfig,
  type KeelsonEvent,
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

/** Of the agent and the command: they are released together. */
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
  if (options.json === true) process.stdout.write(`${formatJson(round.status)}\n`);
  return isReady(round) ? 0 : 1;
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
      fetchRevision: async () => fetchRevision(fetch),
      emit: (event) => logEvent(on.log, event),
      signal,
      lockWaitMs,
    });
    return await reconcileOnce(node, options);
  } catch (error) {
    return describeUnbegun(error, { ...options, at: new Date() });
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
  for (const error of [round.error, round.publishError]) if (error !== null) log(formatError(error));
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
