import { KeelsonError, type Operation, type Plan } from "@keelson/model";

import { applyPlan } from "./apply-plan.ts";
import { type Alarm, openAlarm } from "./alarm.ts";
import { errorOf } from "./error-of.ts";
import type { ApplyContext, OperationResult } from "./operation-attempt.ts";
import type { Ports } from "./ports.ts";

/** An event that was missed costs no more than this. */
const lookEveryMs = 30_000;

/** The first death is looked at at once; a burst of them, or what dies again and again, costs no more than this. */
const betweenLooksMs = 500;

/** What keeps ending rests before it is brought back again, and must not keep the node busy. */
function restMs(heals: number): number {
  return heals < promptHeals ? 0 : Math.min(60_000, 1_000 * 2 ** Math.min(heals - promptHeals, 16));
}

const promptHeals = 3;

export interface HealContext extends ApplyContext {
  ports: ApplyContext["ports"] & Pick<Ports, "watchDeaths">;
  /** The operations that are wanted by now. */
  replan: () => Promise<Plan>;
}

/** What is brought back, and what is not. */
interface Healing {
  /** `<project>/<service>` of all that the plan at work is about. */
  touched: ReadonlySet<string>;
  /** How often each was brought back already, and until when it rests; by the monotonic clock. */
  healed: Map<string, { times: number; restsUntilMs: number }>;
  alarm: Alarm;
}

/**
 * Applies a plan, and brings back what stops meanwhile and is none of the plan's business: much of a plan only waits, for
 * a container to end, for health, for an image, and what waits must not hold up the others. Returns what was done, of the
 * plan and beside it; what could not be brought back is left to the next round.
 */
export async function applyAndHeal(
  plan: Plan,
  context: HealContext,
): Promise<{ results: OperationResult[]; healed: OperationResult[] }> {
  const touched = new Set(plan.operations.flatMap(servicesOf));
  const healing: Healing = { touched, healed: new Map(), alarm: openAlarm() };
  const deaths = context.ports.watchDeaths((service) => {
    if (isHealable(service, healing)) healing.alarm.ring();
  });
  try {
    const beside = healUntilOver(healing, context);
    const results = await applyPlan(plan, context).finally(healing.alarm.end);
    const { healed, bug } = await beside;
    if (bug !== null) throw bug;
    return { results, healed };
  } finally {
    deaths[Symbol.dispose]();
  }
}

function isHealable(service: string, { touched, healed }: Healing): boolean {
  return !touched.has(service) && (healed.get(service)?.restsUntilMs ?? 0) <= performance.now();
}

function noteHeal(service: string, { healed }: Healing): void {
  const times = (healed.get(service)?.times ?? 0) + 1;
  healed.set(service, { times, restsUntilMs: performance.now() + restMs(times) });
}

/** Never throws: the plan would go on alone. */
async function healUntilOver(
  healing: Healing,
  context: HealContext,
): Promise<{ healed: OperationResult[]; bug: unknown }> {
  const { alarm } = healing;
  const { signal, replan } = context;
  // What the plan has begun may go on for long after a newer revision came.
  const waiting = new AbortController().signal;
  const healed: OperationResult[] = [];
  for (let look = 1; await alarm.untilRing(lookEveryMs); look++) {
    if (signal.aborted) continue; // it ends soon, and the next round sees everything
    const error = await errorOf(async () => {
      const heals = numbered(chooseHeals(await replan(), healing), look);
      for (const service of new Set(heals.operations.flatMap(servicesOf))) noteHeal(service, healing);
      const results = await applyPlan(heals, { ...context, waiting });
      healed.push(...results.filter(({ outcome }) => outcome === "done"));
    });
    // An engine that cannot be asked is told by the plan's own operations, and by the look after them.
    if (error !== null && !(error instanceof KeelsonError)) return { healed, bug: error };
    await alarm.rest(betweenLooksMs);
  }
  return { healed, bug: null };
}

/**
 * Starts of services that the plan at work does not touch, and new containers of instances that it does not touch: two
 * Composes at one project would undo each other's work. What would first have to wait for anything else is not chosen.
 */
function chooseHeals(plan: Plan, healing: Healing): Plan {
  const projects = new Set([...healing.touched].map((service) => service.split("/", 1)[0]));
  const isHeal = (operation: Operation) =>
    operation.kind === "create-containers"
      ? operation.class === "live" && !projects.has(operation.project)
      : operation.kind === "start-service";
  const chosen = new Set<string>();
  const operations = plan.operations.filter((operation) => {
    const isChosen =
      isHeal(operation) &&
      servicesOf(operation).every((service) => isHealable(service, healing)) &&
      operation.after.every((id) => chosen.has(id));
    if (isChosen) chosen.add(operation.id);
    return isChosen;
  });
  return { ...plan, operations };
}

/** In the journal and in a progress they stand beside those of the plan at work. */
function numbered(plan: Plan, look: number): Plan {
  const idOf = (id: string) => `${id} of look ${look}`;
  const operations = plan.operations.map((each) => {
    const own = { id: idOf(each.id), after: each.after.map(idOf) };
    if (each.kind !== "create-containers") return { ...each, ...own };
    const parts = each.parts.map((part) => ({ ...part, after: part.after.map(idOf) }));
    return { ...each, ...own, parts };
  });
  return { ...plan, operations };
}

/** `<project>/<service>` of all that an operation is about. */
function servicesOf(operation: Operation): string[] {
  if (operation.kind === "create-containers") {
    return operation.services.map((service) => `${operation.project}/${service}`);
  }
  const [, service] = /^service:(.+)$/.exec(operation.resource) ?? [];
  return service === undefined ? [] : [service];
}
