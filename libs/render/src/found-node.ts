import {
  type EnvironmentFolder,
  type Located,
  type NodeDocument,
  type Problem,
  type Repository,
  compareText,
  hintFor,
  isLocalReference,
  keyPath,
  needsLock,
  problemAt,
  problemOf,
  quote,
} from "@keelson/model";

import { findPackage, layerOfInstance } from "./placement.ts";

export interface NodeReference {
  environment: string;
  node: string;
}

export type FoundNode =
  | { environment: EnvironmentFolder; node: Located<NodeDocument>; problem: null }
  | { problem: Problem };

/** A node of an environment, or the problem that it does not exist, with a hint at those that do. */
export function findNode(repository: Repository, reference: NodeReference): FoundNode {
  const environment = repository.environments.get(reference.environment);
  if (environment === undefined) {
    return {
      problem: problemOf(`environments/${reference.environment}/environment.yaml`, {
        code: "K1110",
        message: `there is no environment ${quote(reference.environment)}`,
        hint: choose(reference.environment, { known: repository.environments, as: "environments" }),
      }),
    };
  }
  const node = environment.nodes.get(reference.node);
  if (node === undefined) {
    return {
      problem: problemOf(`${environment.folder}/nodes/${reference.node}.yaml`, {
        code: "K1111",
        message: `environment ${reference.environment} has no node ${quote(reference.node)}`,
        hint: choose(reference.node, { known: environment.nodes, as: "its nodes" }),
      }),
    };
  }
  return { environment, node, problem: null };
}

function choose(name: string, choice: { known: ReadonlyMap<string, unknown>; as: string }): string {
  const known = [...choice.known.keys()].sort(compareText);
  return (
    hintFor(name, { known, as: choice.as }) ?? `none of the ${known.length} that exist has a similar name`
  );
}

/**
 * Instances whose package cannot be read. `manifest` gives the reason; the problem is repeated here, because whatever is
 * missing from a desired state would be removed from the node.
 */
export function findUnplaced(repository: Repository, environment: EnvironmentFolder): Problem[] {
  if (environment.lock === null && needsLock(environment.environment.value)) {
    const message = `environment ${environment.environment.value.name} has no lock.yaml that can be read`;
    const hint = "Write it, or correct it: a node follows nothing else.";
    return [problemAt(environment.environment, { code: "K1101", path: "releases", message, hint })];
  }
  return Object.entries(environment.environment.value.instances)
    .filter(([, instance]) => instance.state !== "absent")
    .filter(
      ([, instance]) =>
        findPackage(repository, { lock: environment.lock, reference: instance.package }) === null,
    )
    .map(([name, instance]) => {
      const isLocal = isLocalReference(instance.package);
      return problemAt(layerOfInstance(environment, name), {
        code: "K1116",
        path: keyPath(["instances", name, "package"]),
        message: `package ${instance.package}${isLocal ? "" : " of the locked release"} cannot be read`,
        hint: isLocal
          ? "Correct what is wrong in its folder."
          : "Correct the release, or lock one that has the package.",
        part: "value",
      });
    });
}
