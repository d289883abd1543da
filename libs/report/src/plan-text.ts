import { type DesiredNode, type Plan, compareText, resourceIds, count } from "@keelson/model";

import { formatGrants } from "./grant-text.ts";
import type { ChangeVerb } from "./operation-text.ts";
import type { Paint } from "./paint.ts";
import { type PlannedChange, summarizePlan } from "./plan-summary.ts";
import { escapeText } from "./visible-text.ts";

const marks: Record<ChangeVerb, { mark: string; format: Parameters<Paint>[0] }> = {
  create: { mark: "+", format: "green" },
  start: { mark: "+", format: "green" },
  pull: { mark: "↓", format: "cyan" },
  place: { mark: "·", format: "dim" },
  reload: { mark: "~", format: "cyan" },
  restart: { mark: "~", format: "yellow" },
  connect: { mark: "~", format: "cyan" },
  recreate: { mark: "±", format: "yellow" },
  adopt: { mark: "~", format: "green" },
  release: { mark: "-", format: "cyan" },
  rename: { mark: "~", format: "cyan" },
  stop: { mark: "-", format: "red" },
  remove: { mark: "-", format: "red" },
};

/** The plan as a person reads it: what changes and why, what is blocked, what is left alone, which grants are new, and the sum in one line. */
export function formatPlanSummary(
  { plan, desired }: { plan: Plan; desired: DesiredNode },
  paint: Paint = (_format, text) => text,
): string {
  const changes = summarizePlan(plan);
  const labels = changes.map(({ kind, name }) => escapeText(kind === "service" ? name : `${kind} ${name}`));
  const width = Math.max(0, ...labels.map(({ length }) => length));
  const lines = changes.map((change, index) => {
    const { mark, format } = marks[change.verb];
    const verb = paint(format, `${mark} ${change.verb.padEnd(8)}`);
    return `  ${verb} ${(labels[index] ?? "").padEnd(width)}  ${paint("dim", escapeText(change.reasons.join("; ")))}`.trimEnd();
  });
  for (const { resource, code, message, hint } of plan.blocked) {
    lines.push(
      `  ${paint("red", "! blocked ")} ${escapeText(`${resource}  ${message} [${code}]`)}`,
      paint("dim", `             ${escapeText(hint)}`),
    );
  }
  for (const { message, code } of plan.notices)
    lines.push(`  ${paint("dim", `? ${escapeText(message)} [${code}]`)}`);
  lines.push(...describeGrants(plan, paint).map((line) => `  ${line}`));
  return [...lines, sumUp(changes, { plan, desired })].join("\n");
}

/** New grants, a line each; those that were there before would hide them, and are only counted. */
function describeGrants({ grants }: Plan, paint: Paint): string[] {
  const news = grants.filter(({ isNew }) => isNew);
  const others = count(grants.length - news.length, "grant");
  const rest = grants.length > news.length ? [`${others} as before: keelson audit --grants`] : [];
  return news.length === 0
    ? rest
    : ["grants in use:", ...[...formatGrants(news, paint), ...rest].map((line) => `  ${line}`)];
}

/** `2 to recreate, 1 to reload, 20 unchanged`: what a person asks first. */
function sumUp(
  changes: readonly PlannedChange[],
  { plan, desired }: { plan: Plan; desired: DesiredNode },
): string {
  const services = changes.filter(({ kind }) => kind === "service");
  const verbs = [...new Set(services.map(({ verb }) => verb))].sort(compareText);
  const counts = verbs.map(
    (verb) => `${services.filter((change) => change.verb === verb).length} to ${verb}`,
  );
  const adopted = changes.filter(({ verb }) => verb === "adopt").length;
  const adoptions = adopted === 0 ? [] : [`${adopted} to adopt`];
  const stuck = new Set(plan.blocked.map(({ resource }) => resource));
  const touched = new Set([...services.map(({ name }) => `service:${name}`), ...stuck]);
  // What is blocked as a whole has nothing of which it could be said that it is as it should be.
  const whole = desired.instances.filter(({ name }) => !stuck.has(resourceIds.instance(name)));
  const left = whole.flatMap(({ project, state, services: all }) =>
    all
      .filter(({ name }) => !touched.has(`service:${project}/${name}`))
      .map(({ replicas, schedule }) => ({ state, replicas, schedule })),
  );
  // What is to have no container has none that could be unchanged: on an empty node, nothing is.
  const hasContainers = ({ state, replicas }: (typeof left)[number]) =>
    (state === "running" || state === "installed") && replicas > 0;
  const unchanged = left.filter(hasContainers).length;
  // Whether the node runs a job already is in no plan: rounds make nothing for it.
  const due = left.filter(({ state, schedule }) => state === "running" && schedule !== undefined).length;
  const scheduled = due === 0 ? [] : [`${due} by schedule`];
  const placed = changes.filter(({ verb }) => verb === "place").length;
  const files = placed === 0 ? [] : [`${placed} to place`];
  const blocked = plan.blocked.length === 0 ? [] : [`${plan.blocked.length} blocked`];
  const parts = [...adoptions, ...counts, ...files, `${unchanged} unchanged`, ...scheduled, ...blocked].join(
    ", ",
  );
  return changes.length === 0 && blocked.length === 0 ? `nothing to do: ${parts}` : parts;
}
