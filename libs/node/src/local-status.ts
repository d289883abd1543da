import { KeelsonError, Status, stalled } from "@keelson/model";
import { readStatus, requireStatusRoom, requireTrusted } from "@keelson/store";

/** The status in the state folder. Throws K4014 when there is none, K4015, K4016. */
export async function readLocalStatus(stateDir: string): Promise<Status> {
  requireTrusted(stateDir, "the state folder");
  const text = await readStatus(stateDir);
  if (text === null) {
    throw new KeelsonError({
      code: "K4014",
      message: `there is no status in ${stateDir}`,
      hint: "No round has run here yet, or the node has another state folder: name it with --state-dir DIR.",
      outcome: stalled,
    });
  }
  const result = Status.safeParse(parseJson(text));
  if (result.success) return result.data;
  throw new KeelsonError({
    code: "K4015",
    message: `this version cannot read the status in ${stateDir}`,
    hint: "The next round writes a new one: run keelson apply, or wait for the agent.",
    outcome: stalled,
    cause: result.error,
  });
}

/**
 * Why the status in the state folder may be older than the last round: the disk is full (K4001) or read-only (K4002), so
 * that no round can write another one; null where one can.
 */
export async function findStatusFault(stateDir: string): Promise<KeelsonError | null> {
  try {
    await requireStatusRoom(stateDir);
    return null;
  } catch (error) {
    if (!(error instanceof KeelsonError)) throw error;
    // Whoever may only read is not the agent.
    return error.code === "K4001" || error.code === "K4002" ? error : null;
  }
}

/** A broken text is no status either; what is wrong with it then is that it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}
