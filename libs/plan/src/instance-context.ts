import type { ObservedNode } from "@keelson/model";

import type { OperationGraph } from "./operation-graph.ts";
import type { ServiceChange } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";
import type { Wave } from "./wave.ts";

/** What the operations of one instance are made from. */
export interface InstanceContext {
  graph: OperationGraph;
  observed: ObservedNode;
  change: InstanceChange;
  waves: readonly Wave[];
  /** All pulls and content-addressed files of the plan: nothing is disturbed before they are done. */
  staging: readonly string[];
  /** What the instances that this one requires have still to do. */
  providers: readonly string[];
  /** Removals and stops in the instances that require this one: they go down first. */
  dependents: readonly string[];
  /** What has to let go of the ports that a service wants. */
  portReleases: (change: ServiceChange) => string[];
}
