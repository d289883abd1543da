import type { Status } from "@keelson/model";
import type { NodePorts } from "@keelson/reconcile";
import { type NodeRecord, acquireLock, openRecord } from "@keelson/record";
import { readStatus, writeStatus } from "@keelson/store";

import { type NodeSettings, lockPath, recordPath } from "./node-settings.ts";
import { type RoundInput, openRoundPorts } from "./round-ports.ts";
import { parseStatus } from "./status-text.ts";
import { readSuspension } from "./suspension.ts";
import { requireTrustedFolders } from "./trusted-files.ts";

export interface ApplyInput extends RoundInput {
  /** How long another round on this node may still take. */
  lockWaitMs: number;
  /** A person wants this round although action is withheld. */
  isForced?: boolean;
}

/**
 * Ports for a whole round. Takes the node's lock, which Compose children inherit. Key and record are opened later, and
 * made where they are missing, so that a status can say what is wrong with them. Throws what `acquireLock` throws, and
 * K4016 when others could change the node's own files.
 */
export async function wireApply(settings: NodeSettings, input: ApplyInput): Promise<NodePorts & Disposable> {
  const { stateDir } = settings;
  requireTrustedFolders(settings);
  const lock = await acquireLock({
    path: lockPath(settings),
    waitMs: input.lockWaitMs,
    signal: input.signal,
    onOrphan: ({ pid, program }) => input.emit({ type: "orphan-ended", pid, program }),
  });
  let record: NodeRecord | undefined;
  const nodePorts = {
    emit: input.emit,
    readStatus: async () => parseStatus(await readStatus(stateDir)),
    writeStatus: async (status: Status) =>
      writeStatus({ stateDir, text: `${JSON.stringify(status, null, 2)}\n` }),
    now: () => new Date(),
  };
  return {
    ...nodePorts,
    statusPort: input.statusPort,
    readSuspension: async () => (input.isForced === true ? null : readSuspension(stateDir)),
    openPorts: async () =>
      openRoundPorts(settings, {
        input,
        nodePorts,
        lock,
        memory: (record ??= openRecord({ path: recordPath(settings) })),
      }),
    [Symbol.dispose]: () => {
      try {
        record?.close();
      } finally {
        lock.release();
      }
    },
  };
}
