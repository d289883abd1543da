import { because } from "./cause.ts";
import { hasCompleted, isUp } from "./container-state.ts";
import { type ServiceAction, type ServiceChange, makesContainers } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";

/**
 * The same with the services that live in another one's namespace, or ask to be restarted with it: they follow it, also from
 * instance to instance. What an instance joins comes before it.
 */
export function spreadChanges(changes: readonly InstanceChange[]): InstanceChange[] {
  const hosts = new Map<string, ServiceChange>();
  return changes.map((change) => {
    const spread = spreadInstance(change, hosts);
    for (const [name, service] of spread.services) hosts.set(`${change.instance.project}/${name}`, service);
    return spread;
  });
}

/** `hosts` are the services of other instances, by `<project>/<service>`. */
function spreadInstance(change: InstanceChange, hosts: ReadonlyMap<string, ServiceChange>): InstanceChange {
  const services = new Map(change.services);
  let isSettled = false;
  while (!isSettled) {
    isSettled = true;
    for (const [name, service] of services) {
      const followed = followProvider(service, { services, hosts }) ?? followDependency(service, services);
      if (followed === null) continue;
      services.set(name, { ...service, ...followed });
      isSettled = false;
    }
  }
  return { ...change, services };
}

type Followed = Pick<ServiceChange, "action" | "causes" | "force">;

/** How much a change does to a container; only more can replace less, so that this ends. */
const weight: Record<ServiceAction, number> = {
  none: 0,
  stop: 0,
  remove: 0,
  start: 1,
  restart: 2,
  create: 3,
  recreate: 3,
};

function followProvider(
  change: ServiceChange,
  {
    services,
    hosts,
  }: { services: ReadonlyMap<string, ServiceChange>; hosts: ReadonlyMap<string, ServiceChange> },
): Followed | null {
  if (hasNothingToFollow(change)) return null;
  const { sharesWith, joins = [] } = change.service;
  const providers = [
    ...sharesWith.map((name) => ({ name, provider: services.get(name) })),
    ...joins.map((name) => ({ name, provider: hosts.get(name) })),
  ];
  for (const { name, provider } of providers) {
    if (provider === undefined) continue;
    const isReplaced = makesContainers(provider);
    const isStarted = provider.action === "start" || provider.action === "restart";
    const mustRestart = isStarted || isLeftBehind(change, provider);
    const isRunning = change.action !== "stop" && change.action !== "remove";
    const cause = isReplaced || isStarted ? because.follows : because.drift;
    const action = isReplaced ? "recreate" : mustRestart && isRunning ? "restart" : "none";
    if (weight[action] > weight[change.action])
      return { action, causes: [cause(`shares the namespace of ${name}`)], force: isReplaced };
  }
  return null;
}

/** Started before what it lives in: whoever restarted that, its namespace is a dead one. */
function isLeftBehind({ containers }: ServiceChange, provider: ServiceChange): boolean {
  return provider.containers.kept.some((host) =>
    containers.kept.some(
      (guest) => isUp(guest) && isUp(host) && Date.parse(guest.startedAt) < Date.parse(host.startedAt),
    ),
  );
}

function followDependency(
  change: ServiceChange,
  services: ReadonlyMap<string, ServiceChange>,
): Followed | null {
  if (change.action !== "none" || !change.containers.kept.some(isUp)) return null;
  const followed = change.service.dependsOn.find(
    ({ service, restart }) => restart && weight[services.get(service)?.action ?? "none"] >= weight.restart,
  );
  if (followed === undefined) return null;
  return {
    action: "restart",
    causes: [because.follows(`${followed.service} is replaced or restarted`)],
    force: false,
  };
}

/** A one-shot that has done its work is not run again only because its neighbour changes. */
function hasNothingToFollow({ service, containers, action }: ServiceChange): boolean {
  if (containers.kept.length === 0) return true;
  return action === "none" && containers.kept.every((container) => hasCompleted(service, container));
}
