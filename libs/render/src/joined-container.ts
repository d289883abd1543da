import { joinedContainer } from "@keelson/grants";
import {
  type ComposeModel,
  type ComposeService,
  type DesiredInstance,
  type DesiredService,
  type Problem,
  compareText,
  hasServiceName,
  mapValues,
} from "@keelson/model";

import { type FaultContext, hasContainers, sourcesOf } from "./fault-context.ts";
import { composeProblem } from "./place-of-problem.ts";

/** A container that a service names: it lives in its namespace, or only knows its name. */
interface Use {
  service: string;
  /** Where it stands, below the service. */
  path: readonly (string | number)[];
  container: string;
  isNamespace: boolean;
}

interface Host {
  instance: DesiredInstance;
  service: DesiredService;
}

const modes = ["network_mode", "pid", "ipc"] as const;

/** The model with containers of its own named by their services: Compose then makes them in that order. */
export function withOwnServices(model: ComposeModel): ComposeModel {
  const owners = new Map(
    Object.entries(model.services).flatMap(([name, { container_name: container }]) =>
      container === undefined ? [] : [[container, name] as const],
    ),
  );
  const byService = (mode: string | undefined) => {
    const owner = owners.get(joinedContainer(mode) ?? "");
    return owner === undefined ? mode : `service:${owner}`;
  };
  const withModes = (service: ComposeService): ComposeService => {
    const changed = modes
      .filter((key) => byService(service[key]) !== service[key])
      .map((key) => [key, byService(service[key])]);
    return changed.length === 0 ? service : { ...service, ...Object.fromEntries(changed) };
  };
  return { ...model, services: mapValues(model.services, withModes) };
}

/** The instances with what they need of containers of others, after which they come up. */
export function joinContainers(instances: readonly DesiredInstance[]): DesiredInstance[] {
  return instances.map((instance) => {
    const found = usesOf(instance).flatMap((use) => {
      const host = findHost(use, { instance, instances });
      return host === undefined || host.instance.name === instance.name ? [] : [{ ...use, host }];
    });
    if (found.length === 0) return instance;
    const services = instance.services.map((service) => {
      const joined = found.filter((use) => use.isNamespace && use.service === service.name);
      const joins = [...new Set(joined.map(({ host }) => `${host.instance.project}/${host.service.name}`))];
      return joins.length === 0 ? service : { ...service, joins: joins.sort(compareText) };
    });
    const after = new Set([...instance.after, ...found.map(({ host }) => host.instance.name)]);
    return { ...instance, services, after: [...after].sort(compareText) };
  });
}

/** Whether an instance names a container that none of these has. */
export function joinsUnknown(instance: DesiredInstance, instances: readonly DesiredInstance[]): boolean {
  return usesOf(instance).some((use) => findHost(use, { instance, instances }) === undefined);
}

/** K1332: containers of another environment, of somebody else, and such as nobody makes. */
export function findForeignContainers({ rendered, instances }: FaultContext): Problem[] {
  return sourcesOf({ rendered, instances }).flatMap(({ instance, source }) =>
    usesOf(instance)
      .filter((use) => findHost(use, { instance, instances }) === undefined)
      .map(({ service, path, container }) =>
        composeProblem(source, {
          code: "K1332",
          path: ["services", service, ...path],
          message: `${service} names the container ${container}, which no instance of this node and environment has`,
          hint: `Let an instance of environment ${rendered.environment} have it: container_name: ${container}, one container of it, on this node; or put both into one package, and write service:<name>. A container of somebody else is taken over first: adopt: true.`,
        }),
      ),
  );
}

function usesOf({ compose, ...instance }: DesiredInstance): Use[] {
  if (!hasContainers({ ...instance, compose })) return [];
  return Object.entries(compose.services).flatMap(([service, definition]) => [
    ...modes.flatMap((key): Use[] => {
      const container = joinedContainer(definition[key]);
      return container === null ? [] : [{ service, path: [key], container, isNamespace: true }];
    }),
    ...(definition.external_links ?? []).map((link, index) => ({
      service,
      path: ["external_links", index],
      container: link.split(":")[0] ?? "",
      isNamespace: false,
    })),
  ]);
}

/** Whose container it is. Of several, nobody says which; and one of its own is shared by the name of its service. */
function findHost(
  { container, isNamespace }: Use,
  { instance: own, instances }: { instance: DesiredInstance; instances: readonly DesiredInstance[] },
): Host | undefined {
  return instances
    .filter((each) => hasContainers(each) && !(isNamespace && each.name === own.name))
    .flatMap((instance) => instance.services.map((service) => ({ instance, service })))
    .find(({ instance: { project }, service: { name, containerName, replicas } }) =>
      containerName === undefined
        ? replicas === 1 && hasServiceName(container, { project, service: name })
        : replicas === 1 && containerName === container,
    );
}
