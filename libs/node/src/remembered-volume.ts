import { type RecordState, type Status, isForgotten } from "@keelson/model";
import type { MemoryPort, RecordPort } from "@keelson/reconcile";

/**
 * The volumes that a node without a record knows by its last status, so that it misses those that are gone. Empty where
 * the record is there, and where no status tells any.
 */
export function volumesByStatus(state: RecordState, last: Status | null): RecordState["volumes"] {
  if (!isForgotten(state) || Object.keys(state.volumes).length > 0) return {};
  const told = Object.entries(last?.volumes ?? {});
  return Object.fromEntries(
    told.map(([name, users]) => [
      name,
      { users, package: "", state: users.length === 0 ? "given-up" : "used" },
    ]),
  );
}

/** Gives a lost record the volumes of the last status, which is only read when it is needed. */
export async function rebuildVolumes(
  record: Pick<RecordPort, "readState" | "rememberVolumes">,
  readLast: () => Promise<Status | null>,
): Promise<void> {
  const state = record.readState();
  if (isForgotten(state)) record.rememberVolumes(volumesByStatus(state, await readLast()));
}

/** The same for whoever only looks on. */
export async function withVolumes(
  memory: MemoryPort,
  readLast: () => Promise<Status | null>,
): Promise<MemoryPort> {
  const before = memory.readState();
  if (!isForgotten(before)) return memory;
  const volumes = volumesByStatus(before, await readLast());
  return {
    ...memory,
    readState: () => {
      const state = memory.readState();
      return { ...state, volumes: { ...volumes, ...state.volumes } };
    },
  };
}
