import { addCreations, addRemovals, addRenames, addStops } from "./container-operations.ts";
import { addCollection } from "./file-collection.ts";
import { addLivePlacements } from "./file-operations.ts";
import type { InstanceContext } from "./instance-context.ts";
import { addDoubts, addRecord, addSignals } from "./reload-operations.ts";
import type { InstanceChange } from "./service-change.ts";
import { addRestarts, addStart, addTrial } from "./start-operations.ts";

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
