import { linesFor } from "@keelson/grants";
import { type DesiredInstance, type Problem, compareText, ownOf } from "@keelson/model";

import { type FaultContext, concerning, sourcesOf } from "./fault-context.ts";
import { permitsNetwork } from "./granted-network.ts";
import { givenName } from "./given-name.ts";
import { composeProblem } from "./place-of-problem.ts";

/** An external network must be another instance's of this node or the environment's, or be permitted. */
export function findUnownedNetworks({ rendered, instances }: FaultContext): Problem[] {
  const owned = [
    ...instances.flatMap(({ networks }) => networks.map(({ name }) => name)),
    ...Object.keys(rendered.networks),
  ].sort(compareText);
  return sourcesOf({ rendered, instances }).flatMap(({ instance, source }) =>
    Object.entries(instance.compose.networks)
      .filter(([key]) => isUsed(instance, key))
      .map(([key, network]) => ({ key, name: givenName(network) ?? key }))
      .filter(({ name }) => !owned.includes(name))
      .filter(({ name }) => !permitsNetwork(rendered, { instance: instance.name, name }))
      .map(({ key, name }) => {
        const ask = { kind: "networks" as const, value: name, service: "" };
        const { environment, node } = linesFor(ask, source.package.reference);
        return composeProblem(source, {
          code: "K1310",
          path: ["networks", key],
          message: `instance ${instance.name} joins the network ${name}, which neither an instance of this node nor the environment makes`,
          hint: `${choiceOf(owned)}; let the environment make this one: networks: { ${JSON.stringify(name)}: {} } in environment.yaml; or, where somebody else has made it, permit it: ${environment} in environment.yaml, and ${node ?? ""} in agent.yaml of its nodes`,
        });
      }),
  );
}

function choiceOf(owned: readonly string[]): string {
  if (owned.length === 0) return "Let an instance of this node make it";
  return `Join one of this node: ${owned.join(", ")}, by a variable such as {{ requires["<interface>"].project }}_<network>`;
}

function isUsed({ compose, services }: DesiredInstance, key: string): boolean {
  return services.some(({ name }) => Object.hasOwn(ownOf(compose.services, name)?.networks ?? {}, key));
}

/** K1336: a name in the engine is one network's, and that has one owner. Two instances of one project are K1132. */
export function findSharedNetworks({ rendered, instances }: FaultContext): Problem[] {
  const made = sourcesOf({ rendered, instances }).flatMap(({ instance, source }) =>
    instance.networks.map(({ key, name }) => ({
      key,
      name,
      source,
      project: instance.project,
      isGiven: name !== `${instance.project}_${key}`,
    })),
  );
  // Who gives a name takes it from the one that has it by Compose's rule.
  const all = [false, true].flatMap((isGiven) => made.filter((each) => each.isGiven === isGiven));
  return all.flatMap(({ key, name, source, project, isGiven }, index) => {
    const isOfEnvironment = Object.hasOwn(rendered.networks, name);
    const before = all
      .slice(0, index)
      .find((each) => each.name === name && (isGiven || each.project !== project));
    const other = before?.source.name;
    if (!isOfEnvironment && other === undefined) return [];
    const first = isOfEnvironment ? `environment ${rendered.environment}` : `instance ${other}`;
    const problem = composeProblem(source, {
      code: "K1336",
      path: ["networks", key],
      message: `${first} and instance ${source.name} would both make the network ${name}`,
      hint: `Let one of them make it, and the other join it with external: true; or let the environment make it, with networks: { ${JSON.stringify(name)}: {} } in environment.yaml, and all instances join it.`,
    });
    return concerning(
      problem,
      isOfEnvironment || isGiven !== before?.isGiven ? [source.name] : [other, source.name],
    );
  });
}
