import type { DependencyCondition, DesiredService } from "@keelson/model";

import { isComingUp, meetsCondition } from "./container-state.ts";
import { type ServiceChange, comesUp, restartedContainers, servingExtras } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";

/**
 * Services whose coming up is waited for: what this plan brings up, what an earlier round started and is still on its
 * way, and what is not ready and is needed by something that this plan changes.
 */
export function findAwaited(
  changes: readonly InstanceChange[],
  providers: ReadonlyMap<string, ReadonlySet<string>>,
): Set<ServiceChange> {
  const required = new Set(
    changes
      .filter(({ services }) => [...services.values()].some(comesUp))
      .flatMap(({ instance }) => [...(providers.get(instance.name) ?? [])]),
  );
  return new Set(
    changes
      .filter(({ instance }) => instance.state === "running")
      .flatMap((change) => {
        const isRequired = required.has(change.instance.name);
        return [...change.services.values()].filter((service) => isAwaited(service, { change, isRequired }));
      }),
  );
}

function isAwaited(
  service: ServiceChange,
  { change, isRequired }: { change: InstanceChange; isRequired: boolean },
): boolean {
  if (comesUp(service) || restartedContainers(service).length > 0) return true;
  if (service.action !== "none") return false;
  if (neededConditions(service, change).some((condition) => !isReady(service, condition))) return true;
  if (service.isBlocked) return false;
  const condition = conditionOf(service.service, change);
  const isOnItsWay = service.containers.kept.some((each) =>
    isComingUp(each, { service: service.service, condition }),
  );
  return isOnItsWay || (isRequired && !isReady(service, condition));
}

/** What the services of its instance that this plan changes need it to be. */
function neededConditions(
  { service: { name } }: ServiceChange,
  change: InstanceChange,
): DependencyCondition[] {
  return [...change.services.values()]
    .filter((other) => comesUp(other) || [...restartedContainers(other), ...servingExtras(other)].length > 0)
    .flatMap(({ service }) => needsOf(service))
    .filter(({ service }) => service === name)
    .map(({ condition }) => condition);
}

export type Need = Pick<DesiredService["dependsOn"][number], "service" | "condition">;

/** The services that one cannot be without, and what they have to be; who shares a namespace needs that it is there. */
export function needsOf({ dependsOn, sharesWith }: DesiredService): Need[] {
  return [...dependsOn, ...sharesWith.map((service) => ({ service, condition: "service_started" as const }))];
}

function isReady({ service, containers }: ServiceChange, condition: DependencyCondition): boolean {
  return containers.kept.every((each) => meetsCondition(each, { service, condition }));
}

/** An image may bring a health check that the model does not show: who asks for healthy says that there is one. */
export function conditionOf(service: DesiredService, { services }: InstanceChange): DependencyCondition {
  if (service.endAwaited) return "service_completed_successfully";
  const isAsked = [...services.values()].some((other) =>
    other.service.dependsOn.some(
      (dependency) => dependency.service === service.name && dependency.condition === "service_healthy",
    ),
  );
  return service.hasHealthcheck || isAsked ? "service_healthy" : "service_started";
}
