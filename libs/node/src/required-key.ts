import { existsSync } from "node:fs";

import { KeelsonError, stalled } from "@keelson/model";
import type { NodeRecord } from "@keelson/record";

import type { NodeSettings } from "./node-settings.ts";

/**
 * Throws K5006 when the key is gone although the record has containers that were made with it. A new key is made only
 * for a new node: with another key, all that runs here would count as foreign.
 */
export function requireKey({ keyFile }: NodeSettings, record: Pick<NodeRecord, "readState">): void {
  if (existsSync(keyFile) || Object.keys(record.readState().containers).length === 0) return;
  throw new KeelsonError({
    code: "K5006",
    message: `the node's key ${keyFile} is gone, and what runs here was made with it`,
    hint: "Restore the key from a copy, or set keyFile in agent.yaml to the right file. Until then the node changes nothing.",
    outcome: stalled,
  });
}
