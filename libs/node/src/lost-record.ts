import { KeelsonError, type RecordState, type Status, isForgotten } from "@keelson/model";
import type { NodeRecord } from "@keelson/record";

/** The last statuses of a node, in the order in which they are asked; null where there is none. */
export type LastStatuses = readonly (() => Promise<Status | null>)[];

/** What takes note of a loss. */
export type LossMemory = Pick<NodeRecord, "readState" | "noteLoss">;

/** Adds what a status says that the node had made before its record was lost. */
export function noteMade(memory: LossMemory, made: readonly string[]): void {
  if (made.length === 0) return;
  const { loss = { made: [], unproven: [] } } = memory.readState();
  memory.noteLoss({ ...loss, made: [...new Set([...loss.made, ...made])] });
}

/**
 * Gives a lost record what the last status says: the volumes, so that the node misses those that are gone, and the ids of what it
 * made. The statuses are only read where that is needed.
 */
export async function recoverRecord(
  memory: LossMemory & Pick<NodeRecord, "rememberVolumes">,
  statuses: LastStatuses,
): Promise<void> {
  const state = memory.readState();
  if (!isForgotten(state)) return;
  const last = await readFirst(statuses);
  if (last === null) return;
  memory.rememberVolumes(volumesOf(last, state));
  noteMade(memory, last.made ?? []);
}

async function readFirst(statuses: LastStatuses): Promise<Status | null> {
  for (const readStatus of statuses) {
    const status = await readStatus();
    if (status !== null) return status;
  }
  return null;
}

function volumesOf({ volumes = {} }: Status, state: RecordState): RecordState["volumes"] {
  if (Object.keys(state.volumes).length > 0) return {};
  return Object.fromEntries(
    Object.entries(volumes).map(([name, users]) => [
      name,
      { users, package: "", state: users.length === 0 ? "given-up" : "used" },
    ]),
  );
}

/**
 * The status in the state folder, and the published one, which is asked for once. Reading that throws K4018: what cannot be read is
 * not nothing.
 */
export function lastStatuses({
  readStatus,
  readPublished,
}: Record<"readStatus" | "readPublished", () => Promise<Status | null>>): LastStatuses {
  let asked: Promise<Status | null> | undefined;
  return [readStatus, async () => await (asked ??= readPublished().catch(refuse))];
}

function refuse(cause: unknown): never {
  if (!(cause instanceof KeelsonError)) throw cause;
  throw new KeelsonError({
    code: "K4018",
    message: "this node has no record of what it made, and its last status in Git cannot be read",
    hint: "Nothing is done before that, since only this status tells what is this node's own. Mend the cause, and run it again.",
    outcome: cause.outcome,
    cause,
  });
}
