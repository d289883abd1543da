import { existsSync } from "node:fs";

import { type AgentConfig, codeOf, latestStartMs, longestLockWaitMs, parseDurationMs } from "@keelson/model";
import {
  readAgentConfig,
  readBootId,
  readSuspension,
  wireApply,
  wireStatus,
  wireSource,
  ageKeyPath,
  findRecipient,
} from "@keelson/node";
import {
  type JobState,
  type NodePorts,
  type Round,
  describeUnbegun,
  reconcileOnce,
  reportLost,
} from "@keelson/reconcile";
import { formatJson } from "@keelson/report";

import { openBranchPoll } from "./branch-poll.ts";
import type { JobTimer } from "./job-timer.ts";
import { type Log, type LogForm, chooseLogForm } from "./log-event.ts";
import { newLog } from "./log.ts";
import { lostError } from "./lost-error.ts";
import { chooseNextRound, keepsWaits, longestWaitMs, retryBackoffMs } from "./next-round.ts";
import { type NewerRevision, listenForNewer } from "./newer-revision.ts";
import { settingsOf } from "./node-settings.ts";
import { progressOf } from "./operation-progress.ts";
import { hideInCrash, tell } from "./round-life.ts";
import { logKeelsonEvent, logRound } from "./round-log.ts";
import type { Loss } from "./round-loss.ts";
import { type RoundSummary, type WatchSetting, fingerprintOf, isPollable } from "./round-summary.ts";
import { settingOfWatch } from "./watch-setting.ts";

/** How long a round waits for another one, or for the Compose of a killed one, which mostly ends by itself. */
const lockWaitMs = 60_000;

/** A repair must not wait long again for a Git server that has just been silent. */
const silentGitTimeout = "5s";

export interface ReconcileOptions {
  config: string;
  json?: boolean;
  log?: LogForm;
  /** What started the round. */
  trigger: string;
  /** Retries in a row that rounds before this one have announced. */
  attempt: string;
  /** Git did not answer the watcher's last poll, or not soon. */
  gitSilent?: boolean;
  /** The commit that the branch is at, by a recent poll. */
  knownCommit?: string;
  /** The loss of the round before: this process tells it in the status, and does nothing else. */
  lost?: Loss;
}

/** Does one round of this node. Returns the exit code: 0 when the node is as desired. */
export async function reconcile(options: ReconcileOptions, signal: AbortSignal): Promise<0 | 1> {
  const startedAt = performance.now();
  const config = readAgentConfig(options.config);
  const setting = await settingOfWatch(config);
  // The round itself makes keys that are missing. That must not trigger another round.
  const keys = new Set([config.keyFile, ageKeyPath(config)]);
  const known = setting.files.filter((path) => !keys.has(path) || existsSync(path));
  tell({ type: "started", setting: { ...setting, files: known } });
  const stream = options.json === true ? process.stderr : process.stdout;
  const { environment, node } = config;
  const log = newLog({ form: chooseLogForm(options.log, stream), stream, node: { environment, node } });
  const newer = listenForNewer(log);
  const chance = Math.random();
  const round = await runRound(config, { log, options, signal, newer, chance });
  logRound(log, round);
  tell({
    type: "ended",
    summary: {
      ...setting,
      ...summarize(round),
      nextRound: chooseNextRound(
        {
          ...round.next,
          isCutShort: newer.signal.aborted,
          branchIntervalMs: isPollable(config.source.url) ? null : parseDurationMs(config.interval),
        },
        chance,
      ),
      durationMs: performance.now() - startedAt,
    },
  });
  if (options.json === true) process.stdout.write(`${formatJson(round.status)}\n`);
  return isReady(round) ? 0 : 1;
}

function summarize(round: Round): Omit<RoundSummary, keyof WatchSetting | "durationMs" | "nextRound"> {
  const { status, results } = round;
  const ready = status.conditions.find(({ type }) => type === "Ready");
  const containers = round.observed?.containers
    .filter(({ ownership }) => ownership === "ours")
    .map((each) => [each.id, fingerprintOf(each)] as const);
  return {
    isReady: isReady(round),
    retries: status.retry?.attempt ?? 0,
    isStalled: status.errors.length > 0 && status.errors.every(({ outcome }) => outcome === "stalled"),
    isSuspended: status.suspended !== undefined,
    reason: ready?.reason ?? "",
    message: ready?.message ?? "",
    operationCount: results.length,
    failedCount: results.filter(({ outcome }) => outcome === "failed").length,
    commit: round.shown ?? "",
    isEngineAway: round.error !== null && codeOf(round.error).startsWith("K30"),
    containers: containers === undefined ? null : Object.fromEntries(containers),
    awaits: round.next.awaits,
    jobs: round.jobs?.map(timerOf) ?? null,
  };
}

function timerOf({ name: job, nextAt, timeoutMs }: JobState): JobTimer {
  const dueMs = Date.parse(nextAt);
  return { job, dueMs, latestMs: dueMs + latestStartMs, longestMs: longestLockWaitMs + timeoutMs };
}

async function runRound(
  config: AgentConfig,
  input: {
    log: Log;
    options: ReconcileOptions;
    signal: AbortSignal;
    newer: NewerRevision;
    chance: number;
  },
): Promise<Round> {
  const { log, signal, newer, chance } = input;
  const { lost } = input.options;
  const attempt = Number(input.options.attempt);
  const { environment, node: name, source } = config;
  const options = {
    reference: { environment, node: name },
    source: { url: source.url, branch: source.branch },
    trigger: input.options.trigger,
    retry: {
      attempt,
      // The status must not tell a later time than that of the round that begins at once.
      delayMs: (left: { hasNewWork: boolean }) =>
        newer.signal.aborted ? 0 : retryBackoffMs({ ...left, attempt }, chance),
      keepsUpToMs: keepsWaits(input.options.trigger) ? longestWaitMs : null,
    },
    bootId: readBootId(),
    recipient: await findRecipient(ageKeyPath(config)),
    signal,
    waiting: newer.signal,
  };
  try {
    const asked = input.options.gitSilent === true ? withLittlePatience(config) : config;
    const statusPort = wireStatus(asked);
    using branch = openBranchPoll(config, newer.found);
    using node = await wireApply(await settingsOf(config, input.options.config), {
      ...wireSource(asked, { statusPort, knownCommit: input.options.knownCommit ?? null }),
      statusPort,
      readPublished: async () => (await statusPort?.readPublished()) ?? null,
      emit: (event) => {
        if (event.type === "source-asked" && event.commit !== null) {
          tell({ type: "fetched", commit: event.commit });
          if (process.connected) branch.follow(event.commit);
        }
        if (event.type === "step-started" && event.step === "apply") tell({ type: "working" });
        if (event.type === "step-started" && event.step === "observe") tell({ type: "observing" });
        const progress = progressOf(event);
        if (progress !== null) tell({ type: "progress", progress });
        logKeelsonEvent(log, event);
      },
      signal,
      lockWaitMs,
    });
    if (lost !== undefined) {
      const { knownCommit: commit = null } = input.options;
      return await reportLost(node, { error: lostError(lost), commit, options });
    }
    return await reconcileOnce(withCrashHidden(node), options);
  } catch (error) {
    // Where that cannot be read, the same is wrong with the round.
    const suspension = await readSuspension(config.stateDir).catch(() => undefined);
    return describeUnbegun(error, { ...options, suspension, at: new Date() });
  }
}

function withCrashHidden(node: NodePorts): NodePorts {
  return {
    ...node,
    openPorts: async () => {
      const ports = await node.openPorts();
      hideInCrash(ports.secrets.hideValues);
      return ports;
    },
  };
}

function withLittlePatience(config: AgentConfig): AgentConfig {
  const { timeouts } = config;
  const isShorter = parseDurationMs(timeouts.git) <= parseDurationMs(silentGitTimeout);
  return isShorter ? config : { ...config, timeouts: { ...timeouts, git: silentGitTimeout } };
}

function isReady(round: Round): boolean {
  return round.status.conditions.some(({ type, status }) => type === "Ready" && status === "true");
}
