import { existsSync } from "node:fs";

import { connectEngine } from "@keelson/engine";
import type { ReadPorts } from "@keelson/reconcile";
import { openRecordCopy } from "@keelson/record";
import { readStatus } from "@keelson/store";

import { engineAddress } from "./engine-address.ts";
import { lastStatuses, recoverRecord } from "./lost-record.ts";
import { overlayMemory } from "./memory.ts";
import { openSecretsToPlan } from "./node-secrets.ts";
import { type NodeSettings, recordPath } from "./node-settings.ts";
import { observers } from "./observers.ts";
import { requireKey } from "./required-key.ts";
import type { RoundInput } from "./round-ports.ts";
import { parseStatus } from "./status-text.ts";
import { requireTrustedFolders } from "./trusted-files.ts";
import { type WireInput, wireDesired } from "./wire-desired.ts";

/**
 * Ports for a walk to the plan. Makes neither a key nor a record where the node has none yet. A record that is lost is made up for
 * as a round does it, before the engine is observed: what is wrong in documents can be told without.
 */
export async function wirePlan(
  settings: NodeSettings,
  { readPublished, ...input }: WireInput & Pick<RoundInput, "readPublished">,
): Promise<{ ports: ReadPorts } & Disposable> {
  requireTrustedFolders(settings);
  const path = recordPath(settings);
  const record = existsSync(path) ? openRecordCopy({ path }) : null;
  try {
    const secrets = await openSecretsToPlan(settings);
    const memory = overlayMemory(record);
    const readLocal = async () => parseStatus(await readStatus(settings.stateDir));
    const statuses = lastStatuses({ readStatus: readLocal, readPublished });
    const engine = connectEngine(engineAddress(settings));
    const seeing = observers(settings, { engine, secrets, memory, statuses });
    return {
      ports: {
        ...wireDesired({ ...input, composeBinary: settings.composeBinary }),
        ...seeing,
        observeEngine: async (request) => {
          await requireKey(settings, { memory, statuses });
          await recoverRecord(memory, existsSync(settings.keyFile) ? statuses : [readLocal]);
          return seeing.observeEngine(request);
        },
        secrets,
        record: memory,
        now: () => new Date(),
      },
      [Symbol.dispose]: () => record?.close(),
    };
  } catch (error) {
    record?.close();
    throw error;
  }
}
