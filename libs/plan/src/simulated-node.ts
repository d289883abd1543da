import type { DesiredNode, ObservedNode, RecordState } from "@keelson/model";

/** What a plan is made from: the desired state, and what is there. */
export interface SimulatedNode {
  desired: DesiredNode;
  observed: ObservedNode;
  record: RecordState;
}
