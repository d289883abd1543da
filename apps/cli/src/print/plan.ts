import type { DesiredNode, Plan, Revision } from "@keelson/model";
import { formatPlan } from "@keelson/plan";
import { type PlannedChange, countChanges, summarizePlan } from "@keelson/report";

import type { Output, Style } from "../output.ts";

const marks: Record<PlannedChange["verb"], { mark: string; style: Style }> = {
  create: { mark: "+", style: "green" },
  start: { mark: "+", style: "green" },
  pull: { mark: "↓", style: "cyan" },
  place: { mark: "·", style: "dim" },
  keep: { mark: "=", style: "dim" },
  reload: { mark: "~", style: "cyan" },
  restart: { mark: "~", style: "yellow" },
  recreate: { mark: "±", style: "yellow" },
  rename: { mark: "~", style: "cyan" },
  stop: { mark: "-", style: "red" },
  remove: { mark: "-", style: "red" },
};

/** The plan as a person reads it: what changes and why, what is blocked, and one line that sums it up. */
export function printPlan(
  output: Output,
  on: { plan: Plan; desired: DesiredNode; revision: Revision; verbose: boolean },
): void {
  const { plan, desired, revision } = on;
  const at =
    revision.commit === "worktree" ? "the work tree" : `${revision.commit.slice(0, 8)} ${revision.subject}`;
  output.print(output.style("bold", `Plan for ${plan.environment}/${plan.node} at ${at}`));
  const changes = summarizePlan(plan);
  const width = Math.max(0, ...changes.map(({ name }) => name.length));
  for (const change of changes) output.print(`  ${formatChange(output, { change, width })}`);
  for (const { resource, code, message, hint } of plan.blocked) {
    output.print(`  ${output.style("red", "!")} blocked  ${resource}  ${message} [${code}]`);
    output.print(output.style("dim", `             ${hint}`));
  }
  for (const { message, code } of plan.notices)
    output.print(`  ${output.style("dim", `? ${message} [${code}]`)}`);
  if (on.verbose && plan.operations.length > 0) output.print(`\n${formatPlan(plan).trimEnd()}`);
  const serviceCount = desired.instances.reduce((sum, { services }) => sum + services.length, 0);
  const total = countChanges(changes, serviceCount);
  const isNothing = changes.length === 0 && plan.blocked.length === 0;
  output.print(
    isNothing
      ? `Nothing to do: ${total}.`
      : `${total}${plan.blocked.length > 0 ? `, ${plan.blocked.length} blocked` : ""}.`,
  );
}

function formatChange(output: Output, on: { change: PlannedChange; width: number }): string {
  const { change, width } = on;
  const { mark, style } = marks[change.verb];
  const kind = change.kind === "service" ? "" : `${change.kind} `;
  const label = output.style(style, `${mark} ${change.verb.padEnd(8)}`);
  return `${label} ${(kind + change.name).padEnd(width + 8)} ${output.style("dim", change.causes.join("; "))}`.trimEnd();
}
