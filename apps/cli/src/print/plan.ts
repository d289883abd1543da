import type { DesiredNode, Plan, Snapshot } from "@keelson/model";
import { formatPlan } from "@keelson/plan";
import { escapeText, formatPlanSummary } from "@keelson/report";

import type { Output } from "../output.ts";

/** Prints the plan for people; with `verbose` also every operation, in order. */
export function printPlan(
  output: Output,
  {
    plan,
    desired,
    revision,
    verbose,
  }: { plan: Plan; desired: DesiredNode; revision: Snapshot; verbose: boolean },
): void {
  const at =
    revision.commit === "worktree"
      ? "the work tree"
      : `${revision.commit.slice(0, 8)} ${escapeText(revision.subject)}`;
  output.print(output.style("bold", `Plan for ${plan.environment}/${plan.node} at ${at}`));
  output.print(formatPlanSummary({ plan, desired }, output.style));
  if (verbose && plan.operations.length > 0) output.print(`\n${formatPlan(plan).trimEnd()}`);
}
