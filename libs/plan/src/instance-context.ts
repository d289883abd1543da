import type { DesiredNode, ObservedContainer, ObservedNode, RecordState } from "@keelson/model";

import type { NetworkChange } from "./network-change.ts";
import type { Dependency, OperationKey } from "./operation-key.ts";
import type { ReleaseContext } from "./port-release.ts";
import type { ServiceChange } from "./service-action.ts";
import type { InstanceChange } from "./service-change.ts";
import type { Wave } from "./wave.ts";

/** What the operations of one instance are made from. */
export interface InstanceContext extends ReleaseContext {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
  change: InstanceChange;
  waves: readonly Wave[];
  /** Pulls and content-addressed files, of the whole plan or of this instance: nothing of it is disturbed before they are done. */
  staging: readonly OperationKey[];
  /** What the instances that this one requires have still to do. */
  providers: readonly Dependency[];
  /** Removals and stops in the instances that require this one: they go down first. */
  dependents: readonly Dependency[];
  /** Services whose coming up this plan waits for, of all instances. */
  awaited: ReadonlySet<ServiceChange>;
  /** By service, the operation that makes its containers. */
  creations: ReadonlyMap<ServiceChange, OperationKey>;
  /** Networks that this plan makes. */
  networks: readonly NetworkChange[];
  /** Instances whose files stay, whether anything names them or not. */
  filesKept: ReadonlySet<string>;
  /** Containers of the whole node that have a removal of their own in this plan. */
  leaving: ReadonlySet<ObservedContainer>;
}
