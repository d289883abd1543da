import type { NodeGrants, WaitLimits } from "@keelson/model";

import type { RestlessService } from "./restless.ts";

export interface PlanPolicy {
  /** Permits one revision to take away more than half of what the node runs, two or more. */
  allowMassRemoval: boolean;
  /** What fails for one instance holds only that one and those that require it. */
  partial: boolean;
  /** What the node permits of what the environment grants; `all` where no node is asked. */
  allow: NodeGrants | "all";
  /** How long the node waits for one service. */
  waits: WaitLimits;
  /** What has been started again and again and may not be started now; default nothing. */
  resting?: readonly RestlessService[];
}
