import type { DesiredInstance, Problem, RenderedInstance, RenderedNode, Repository } from "@keelson/model";

/** What problems are found in that only all instances of a node together can have. */
export interface FaultContext {
  rendered: RenderedNode;
  instances: readonly DesiredInstance[];
  repository: Repository | undefined;
}

/** Each instance with what it was built from. */
export function sourcesOf({ rendered, instances }: Pick<FaultContext, "rendered" | "instances">): {
  instance: DesiredInstance;
  source: RenderedInstance;
}[] {
  return instances.flatMap((instance) => {
    const source = rendered.instances.find(({ name }) => name === instance.name);
    return source === undefined ? [] : [{ instance, source }];
  });
}

/** Whether an instance in its desired state has containers at all. */
export function hasContainers({ state }: DesiredInstance): boolean {
  return state === "running" || state === "installed";
}

/** A problem that two have with each other: either of them can give way, and nobody knows which. */
export function concerning(problem: Problem, names: readonly (string | undefined)[]): Problem {
  return { ...problem, instances: [...new Set(names.filter((name) => name !== undefined))] };
}
