import type { DesiredService } from "@keelson/model";

import type { LiveChange } from "./live-change.ts";
import type { ServiceContainers } from "./service-containers.ts";

export type ServiceAction = "none" | "create" | "recreate" | "start" | "restart" | "stop" | "remove";

/** What one service needs; everything the operations are made from. */
export interface ServiceChange {
  service: DesiredService;
  containers: ServiceContainers;
  action: ServiceAction;
  causes: string[];
  /** Compose sees no difference, so it has to be told. */
  force: boolean;
  /** The old containers must be gone before the network they are in can be made anew. */
  removeFirst: boolean;
  /** What the containers that stay must do to have their live files. */
  live: LiveChange;
  /** Something is wanted here and not possible now. */
  isBlocked: boolean;
}
