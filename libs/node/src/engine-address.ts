import type { NodeSettings } from "./node-settings.ts";

/** Where the node's engine is, as `connectEngine` takes it. */
export function engineAddress({ dockerHost }: Pick<NodeSettings, "dockerHost">) {
  return dockerHost === undefined ? {} : { dockerHost };
}
