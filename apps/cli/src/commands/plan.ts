import { requireRepository } from "@keelson/git";
import { readPublishedStatus, wirePlan } from "@keelson/node";
import type { Snapshot } from "@keelson/model";
import { type Walk, planOnce, targetAt } from "@keelson/reconcile";

import { type NodeOptions } from "../node-options.ts";
import { findAgentConfig, readNodeSettings, tellUnreadConfig } from "../node-place.ts";
import { type ExitCode, type Output, exitCodes } from "../output.ts";
import { printPlan } from "../print/plan.ts";
import { printProblems } from "../print/problems.ts";
import { showProgress } from "../print/progress.ts";
import { type NodeReference, chooseNode } from "../reference.ts";
import { planBetweenRevisions } from "../revision-plan.ts";
import { openRevision } from "../source.ts";

export interface PlanOptions extends NodeOptions {
  revision?: string;
  from?: string;
  verbose?: boolean;
  exitCode?: boolean;
}

/** Prints what would be done, and has no effect at all. With `--from` no engine is asked. */
export async function plan(options: PlanOptions, output: Output): Promise<ExitCode> {
  // Elsewhere there is nothing to plan: what check and render read of a plain folder becomes of no node.
  await requireRepository(options.repository);
  const revision = await openRevision(options);
  const reference = await chooseNode(revision, options);
  const walk =
    options.from === undefined
      ? { ...(await planHere(revision, { options, reference, output })), settingChanges: null }
      : await planBetweenRevisions(revision, { from: options.from, options, reference });
  if (walk.plan === null || walk.desired === null) {
    printProblems(output, walk.problems);
    return exitCodes.failed;
  }
  const { desired, problems, settingChanges } = walk;
  const settings = settingChanges === null ? {} : { settings: settingChanges };
  if (output.json) output.printJson({ revision: revision.commit, ...walk.plan, ...settings, problems });
  else {
    const verbose = options.verbose ?? false;
    printPlan(output, { plan: walk.plan, desired, revision, verbose, settingChanges: settingChanges ?? [] });
    if (problems.length > 0) printProblems(output, problems);
  }
  if (walk.plan.blocked.length + problems.length > 0) return exitCodes.failed;
  return options.exitCode === true && walk.plan.operations.length > 0 ? exitCodes.changes : exitCodes.done;
}

/** A plan from what the engine and the state folder of this machine have. */
async function planHere(
  revision: Snapshot,
  { options, reference, output }: { options: NodeOptions; reference: NodeReference; output: Output },
): Promise<Walk> {
  tellUnreadConfig(options, output);
  const settings = await readNodeSettings(options, reference);
  const progress = showProgress(output);
  try {
    using node = await wirePlan(settings, {
      emit: progress.emit,
      readPublished: async () => readPublishedStatus(findAgentConfig(options.config), reference),
    });
    return await planOnce(node.ports, { reference, target: targetAt(revision) });
  } finally {
    progress.end();
  }
}
