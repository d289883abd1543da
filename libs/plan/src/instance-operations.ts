import type { ObservedNode } from "@keelson/model";

import { addCreations, addRemovals, addRenames, addStops } from "./container-operations.ts";
import { addCollection } from "./file-collection.ts";
import { addLivePlacements } from "./file-operations.ts";
import type { OperationGraph } from "./operation-graph.ts";
import { addDoubts, addRecord, addSignals } from "./reload-operations.ts";
import type { InstanceChange, ServiceChange } from "./service-change.ts";
import { addRestarts, addStart, addTrial } from "./start-operations.ts";
import type { Wave } from "./wave.ts";

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

/** Adds everything that one instance needs to the plan; in this order, which is that of independent operations. */
export function addInstanceOperations(context: InstanceContext): void {
  const services = [...context.change.services.values()];
  for (const change of services) addDoubts(context, change);
  addLivePlacements(context);
  for (const change of services) addRemovals(context, change);
  for (const change of services) addStops(context, change);
  addCreations(context);
  for (const change of services) {
    addRenames(context, change);
    addStart(context, change);
    addTrial(context, change);
    addRestarts(context, change);
    addSignals(context, change);
    addRecord(context, change);
  }
  addCollection(context);
}

/** Whether anything of an instance comes up, for which what it requires must be there. */
export function bringsUp({ services }: InstanceChange): boolean {
  return [...services.values()].some(({ action }) =>
    ["create", "recreate", "start", "restart"].includes(action),
  );
}
