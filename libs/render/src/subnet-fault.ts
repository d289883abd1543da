import {
  type DesiredNetwork,
  type Problem,
  type Subnet,
  parseSubnet,
  subnetsOf,
  subnetsOverlap,
} from "@keelson/model";

import { type FaultContext, concerning, hasContainers, sourcesOf } from "./fault-context.ts";
import { composeProblem, environmentProblem } from "./place-of-problem.ts";

const code = "K1322";
const hint =
  "Give one of them another private subnet, let it be a setting, or leave it out: the engine then chooses a free one.";

interface MadeSubnet {
  network: string;
  subnet: string;
  block: Subnet | null;
  /** The problem with this text, where the subnet stands. */
  problem: (message: string) => Problem;
}

/** K1322: the engine makes only one of two networks whose subnets overlap. */
export function findSharedSubnets(context: FaultContext): Problem[] {
  const subnets = findSubnets(context);
  return subnets.flatMap(({ network, subnet, block, problem }, index) => {
    const first = subnets
      .slice(0, index)
      .find(
        (other) =>
          other.network !== network &&
          block !== null &&
          other.block !== null &&
          subnetsOverlap(block, other.block),
      );
    if (first === undefined) return [];
    const { file, line, instances: others = [] } = first.problem("");
    const told = problem(
      `the subnet ${subnet} of network ${network} overlaps with ${first.subnet} of network ${first.network}, at ${file}:${line}`,
    );
    // What the environment makes is nobody's mistake, unless it has two of them.
    return told.instances === undefined ? told : concerning(told, [...others, ...told.instances]);
  });
}

/** Of the networks that are made: those of the environment first. */
function findSubnets({ rendered, instances, repository }: FaultContext): MadeSubnet[] {
  const { environment } = rendered;
  const making = instances.filter(hasContainers);
  const joined = new Set(making.flatMap(({ services }) => services.flatMap(({ networks }) => networks)));
  const ofEnvironment = Object.entries(rendered.networks)
    .filter(([name]) => joined.has(name))
    .flatMap(([name, definition]) =>
      describe(
        { key: name, name, definition: definition ?? {} },
        (path) => (message) => environmentProblem({ environment, repository }, { code, hint, message, path }),
      ),
    );
  const ofInstances = sourcesOf({ rendered, instances }).flatMap(({ instance, source }) =>
    instance.networks
      .filter(({ name }) => making.includes(instance) || joined.has(name))
      .flatMap((network) =>
        describe(network, (path) => (message) => composeProblem(source, { code, hint, message, path })),
      ),
  );
  return [...ofEnvironment, ...ofInstances];
}

function describe(
  { key, name, definition }: Pick<DesiredNetwork, "key" | "name" | "definition">,
  problemAt: (path: (string | number)[]) => MadeSubnet["problem"],
): MadeSubnet[] {
  return subnetsOf(definition).map((subnet, index) => ({
    network: name,
    subnet,
    block: parseSubnet(subnet),
    problem: problemAt(["networks", key, "ipam", "config", index, "subnet"]),
  }));
}
