import type { DesiredNode, InstanceSettingChanges, Plan, Snapshot } from "@keelson/model";
import { formatPlan } from "@keelson/plan";
import { escapeText, formatPlanSummary, formatSettingChanges } from "@keelson/report";

import type { Output } from "../output.ts";

/** Prints the plan for people, and the settings that change with it; with `verbose` also every operation, in order. */
export function printPlan(
  output: Output,
  {
    plan,
    desired,
    revision,
    verbose,
    settingChanges = [],
  }: {
    plan: Plan;
    desired: DesiredNode;
    revision: Snapshot;
    verbose: boolean;
    settingChanges?: readonly InstanceSettingChanges[];
  },
): void {
  const at =
    revision.commit === "worktree"
      ? "the work tree"
      : `${revision.commit.slice(0, 8)} ${escapeText(revision.subject)}`;
  output.print(output.style("bold", `Plan for ${plan.environment}/${plan.node} at ${at}`));
  output.print(formatPlanSummary({ plan, desired }, output.style));
  for (const line of formatSettingChanges(settingChanges)) output.print(line);
  if (verbose && plan.operations.length > 0) output.print(`\n${formatPlan(plan).trimEnd()}`);
}
