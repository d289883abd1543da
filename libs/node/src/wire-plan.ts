import { existsSync } from "node:fs";

import { connectEngine } from "@keelson/engine";
import type { ReadPorts } from "@keelson/reconcile";
import { openRecordCopy } from "@keelson/record";
import { readStatus } from "@keelson/store";

import { engineAddress } from "./engine-address.ts";
import { overlayMemory } from "./memory.ts";
import { openSecretsToPlan } from "./node-secrets.ts";
import { type NodeSettings, recordPath } from "./node-settings.ts";
import { observers } from "./observers.ts";
import { readMadeByStatus } from "./remembered.ts";
import { withVolumes } from "./remembered-volume.ts";
import { requireKey } from "./required-key.ts";
import { parseStatus } from "./status-text.ts";
import { requireTrustedFolders } from "./trusted-files.ts";
import { type WireInput, wireDesired } from "./wire-desired.ts";

/** Ports for a walk to the plan. Makes neither a key nor a record where the node has none yet. */
export async function wirePlan(
  settings: NodeSettings,
  input: WireInput,
): Promise<{ ports: ReadPorts } & Disposable> {
  requireTrustedFolders(settings);
  const path = recordPath(settings);
  const record = existsSync(path) ? openRecordCopy({ path }) : null;
  try {
    if (record !== null) requireKey(settings, record);
    const secrets = await openSecretsToPlan(settings);
    const memory = await withVolumes(overlayMemory(record), async () =>
      parseStatus(await readStatus(settings.stateDir)),
    );
    const engine = connectEngine(engineAddress(settings));
    return {
      ports: {
        ...wireDesired({ ...input, composeBinary: settings.composeBinary }),
        ...observers(settings, {
          engine,
          secrets,
          record: memory,
          readMade: async () => readMadeByStatus(settings.stateDir),
        }),
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
