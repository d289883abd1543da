import type { NodeSettings } from "@keelson/node";

import type { NodeOptions } from "./node-options.ts";
import { findAgentConfig, readNodePlace } from "./node-place.ts";

export type StoreOptions = Pick<NodeOptions, "config" | "stateDir" | "dockerHost">;

/** Where the node of the options has its store; its names do not matter there. */
export function readStorePlace(options: StoreOptions): Omit<NodeSettings, "composeBinary"> {
  const config = findAgentConfig(options.config);
  const { environment = "", node = "" } = config ?? {};
  return readNodePlace(options, { environment, node });
}
