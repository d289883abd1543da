import { existsSync } from "node:fs";

import { connectEngine, containersOnly, observeEngine } from "@keelson/engine";
import { KeelsonError, emptyRecord, madeHere, shortId, stalled } from "@keelson/model";
import type { NodeRecord } from "@keelson/record";
import { closedSecrets } from "@keelson/secrets";

import { engineAddress } from "./engine-address.ts";
import type { LastStatuses } from "./lost-record.ts";
import type { NodeSettings } from "./node-settings.ts";

/**
 * Throws K5006 when the key is gone although something here was made with it, by the record or by the node's last status. A new key
 * is made only for a new node: with another key, all that runs here would count as foreign.
 */
export async function requireKey(
  settings: NodeSettings,
  { memory, statuses }: { memory: Pick<NodeRecord, "readState">; statuses: LastStatuses },
): Promise<void> {
  const { keyFile } = settings;
  if (existsSync(keyFile)) return;
  const isRemembered = Object.keys(memory.readState().containers).length > 0;
  if (!isRemembered && !(await isNamed(settings, statuses))) return;
  throw new KeelsonError({
    code: "K5006",
    message: `the node's key ${keyFile} is gone, and what runs here was made with it`,
    hint: "Restore the key from a copy, or set keyFile in agent.yaml to the right file. Until then the node changes nothing.",
    outcome: stalled,
  });
}

/** Whether a status names anything that is here. Asks for one only where something has labels of the environment. */
async function isNamed(settings: NodeSettings, statuses: LastStatuses): Promise<boolean> {
  const { containers, networks } = await observeEngine(connectEngine(engineAddress(settings)), {
    ...containersOnly,
    environment: settings.environment,
    ownershipOf: closedSecrets().ownershipOf,
    madeHere: madeHere(emptyRecord),
  });
  const here = [...containers, ...networks].map(({ id }) => shortId(id));
  if (here.length === 0) return false;
  for (const readStatus of statuses) {
    const made = (await readStatus())?.made ?? [];
    if (here.some((id) => made.includes(id))) return true;
  }
  return false;
}
