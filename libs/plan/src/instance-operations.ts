import { planCreations, planRemovals, planRenames, planStops } from "./container-operations.ts";
import { planCollection } from "./file-collection.ts";
import { planLivePlacements } from "./file-operations.ts";
import { planFolders } from "./folder-operations.ts";
import type { InstanceContext } from "./instance-context.ts";
import type { PlannedOperation } from "./operation-graph.ts";
import { planConnections } from "./network-connection.ts";
import { planDoubt, planRecord, planSignals } from "./reload-operations.ts";
import { planAwait, planRestarts, planStart } from "./start-operations.ts";

/** Everything that one instance needs; in this order, which is that of independent operations. */
export function planInstance(context: InstanceContext): PlannedOperation[] {
  const services = [...context.change.services.values()];
  const operations = [
    ...services.flatMap((service) => planDoubt(context, service)),
    ...planLivePlacements(context),
    ...planFolders(context),
    ...services.flatMap((service) => planRemovals(context, service)),
    ...services.flatMap((service) => planStops(context, service)),
    ...planCreations(context),
    ...services.flatMap((service) => [
      ...planRenames(context, service),
      ...planConnections(context, service),
      ...planStart(context, service),
      ...planAwait(context, service),
      ...planRestarts(context, service),
      ...planSignals(context, service),
      ...planRecord(context, service),
    ]),
  ];
  return [...operations, ...planCollection(context, operations)];
}
