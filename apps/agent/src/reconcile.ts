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
import { type Round, reconcileOnce } from "@keelson/reconcile";
import { formatOperation, formatPlanSummary, formatProblems, isMereStep } from "@keelson/report";

const agentVersion = "0.1.0";
/** A killed predecessor's Compose child ends by itself; a round that waits for it goes on then. */
const lockWaitMs = 60_000;

/** One round of this node; returns the exit code: 0 when the node is as desired. */
export async function reconcile(
  options: { config: string; json?: boolean },
  signal: AbortSignal,
): Promise<0 | 1> {
  const config = readAgentConfig(options.config);
  const settings = await settingsOf(config);
  const { url, branch, credential } = config.source;
  const fetch = {
    source: { url, branch, ...(credential === undefined ? {} : { credential }) },
    gitDir: gitPath(settings),
  };
  const timeoutMs = parseDurationMs(config.timeouts.git);
  const log = newLog(options.json === true ? process.stderr : process.stdout);
  using node = await wireApply(settings, {
    fetchRevision: async () => fetchRevision({ ...fetch, timeoutMs }),
    emit: (event) => logEvent(log, event),
    signal,
    lockWaitMs,
  });
  const { environment, node: name } = config;
  const round = await reconcileOnce(node.ports, {
    reference: { environment, node: name },
    source: { url, branch },
    agentVersion,
    signal,
  });
  logRound(log, round);
  if (options.json === true) process.stdout.write(`${JSON.stringify(round.status, null, 2)}\n`);
  return isReady(round) ? 0 : 1;
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
  if (round.error !== null) log(formatError(round.error));
  for (const { operation, error } of round.results.filter(({ outcome }) => outcome === "failed")) {
    log(`${operation.resource}\n${formatError(error)}`);
  }
  const ready = round.status.conditions.find(({ type }) => type === "Ready");
  const commit = round.revision?.commit.slice(0, 8) ?? "no revision";
  log(`${commit} ${isReady(round) ? "ready" : "not ready"}: ${ready?.message ?? ""}`);
}

type Log = (text: string) => void;

function newLog(stream: NodeJS.WritableStream): Log {
  return (text) => void stream.write(`${redact(text)}\n`);
}
