import { type Status, formatError } from "@keelson/model";
import { findRecipient, readBootId, readPublishedStatus, requireFreeHands, wireApply } from "@keelson/node";
import { type Round, reconcileOnce } from "@keelson/reconcile";
import { formatOperation } from "@keelson/report";

import { type NodeOptions } from "../node-options.ts";
import { findAgentConfig, readNodeSettings, tellUnreadConfig } from "../node-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printPlan } from "../print/plan.ts";
import { printProblems } from "../print/problems.ts";
import { showProgress } from "../print/progress.ts";
import { chooseNode } from "../reference.ts";
import { openCommit, requireCleanWorkTree } from "../source.ts";

/** Long enough for a round that is about to end. Another one is reported (K4020) and not waited for. */
const lockWaitMs = 10_000;

export interface ApplyOptions extends NodeOptions {
  revision: string;
  verbose?: boolean;
  timing?: boolean;
  force?: boolean;
}

/** One round on this machine, from a committed revision of a local repository. */
export async function apply(
  options: ApplyOptions,
  { output, signal }: { output: Output; signal: AbortSignal },
): Promise<ExitCode> {
  await requireCleanWorkTree(options.repository);
  const revision = await openCommit(options);
  const reference = await chooseNode(revision, options);
  tellUnreadConfig(options, output);
  const settings = await readNodeSettings(options, reference);
  const isForced = options.force === true;
  if (!isForced) await requireFreeHands(settings.stateDir);
  const progress = showProgress(output);
  using node = await wireApply(settings, {
    findCandidates: async () =>
      Promise.resolve([
        { branch: options.revision, verdict: { kind: "accepted", snapshot: revision }, last: revision },
      ]),
    readEarlier: async () => Promise.resolve(null),
    statusPort: null,
    readPublished: async () => readPublishedStatus(findAgentConfig(options.config), reference),
    signal,
    lockWaitMs,
    isForced,
    emit: (event) => {
      if (event.type === "planned" && !output.json) {
        const { plan } = event;
        printPlan(output, { plan, desired: event.desired, revision, verbose: options.verbose ?? false });
      }
      if (!output.json) progress.emit(event);
    },
  });
  const round = await reconcileOnce(node, {
    reference,
    source: { url: options.repository, branch: options.revision },
    trigger: "keelson apply",
    retry: null, // only an agent retries
    bootId: readBootId(),
    recipient: await findRecipient(settings.ageKeyFile),
    signal,
  });
  progress.end();
  printRound(output, { round, signal });
  if (options.timing === true && !output.json) printTiming(output, round.status);
  return isApplied(round) ? exitCodes.done : exitCodes.failed;
}

function isApplied(round: Round): boolean {
  return round.status.conditions.some(({ type, status }) => type === "Ready" && status === "true");
}

function printRound(output: Output, { round, signal }: { round: Round; signal: AbortSignal }): void {
  if (output.json) return output.printJson(round.status);
  if (round.problems.length > 0) printProblems(output, round.problems);
  const ready = round.status.conditions.find(({ type }) => type === "Ready");
  if (isApplied(round)) {
    if (round.results.length > 0)
      output.print(`${output.style("green", "applied")}  ${ready?.message ?? ""}`);
    return;
  }
  if (signal.aborted) {
    const ended = round.results.filter(({ outcome }) => outcome === "done").length;
    const message = `${ended} of ${round.results.length} operations are done; what was at work was cut short`;
    return output.printError(
      `${output.styleError("yellow", "interrupted")}  ${message}. Run it again to go on.`,
    );
  }
  for (const { operation, error } of round.results.filter(({ outcome }) => outcome === "failed")) {
    output.printError(`${formatOperation(operation)} failed:\n${formatError(error)}`);
  }
  for (const { error } of round.staging.failures) output.printError(formatError(error));
  for (const error of [round.error, round.publishError]) {
    if (error !== null) output.printError(formatError(error));
  }
  output.printError(`${output.styleError("red", "not applied")}  ${ready?.message ?? ""}`);
}

/** How long each step took; with `--json` the status has it. */
function printTiming(output: Output, { operation }: Status): void {
  for (const [step, seconds] of Object.entries(operation?.seconds ?? {})) {
    output.printError(`${step.padEnd(8)}${seconds.toFixed(3).padStart(9)} s`);
  }
}
