import { KeelsonError, Suspension, stalled } from "@keelson/model";
import * as store from "@keelson/store";

/**
 * Null while nobody withholds action. Throws K4016 where another user could have said it, K9081, and what the store throws. In each
 * case nothing may be done: whether a person withholds action is not known.
 */
export async function readSuspension(stateDir: string): Promise<Suspension | null> {
  const text = await store.readSuspension(stateDir);
  if (text === null) return null;
  const result = Suspension.safeParse(parseJson(text));
  if (result.success) return result.data;
  throw new KeelsonError({
    code: "K9081",
    message: `the suspension in ${stateDir} cannot be read`,
    hint: "Say it again: keelson-agent suspend --reason TEXT. Or end it: keelson-agent resume.",
    outcome: stalled,
    cause: result.error,
  });
}

/** Throws K9080 while a person withholds action, and what `readSuspension` throws. `otherwise` says how to act all the same. */
export async function requireUnsuspended(stateDir: string, otherwise: string): Promise<void> {
  const suspension = await readSuspension(stateDir);
  if (suspension === null) return;
  throw new KeelsonError({
    code: "K9080",
    message: `this node is suspended by ${suspension.by}: ${suspension.reason}`,
    hint: `End it with keelson-agent resume, or ${otherwise}.`,
    outcome: stalled,
  });
}

/** From the next round on, nothing is changed on the node. One that is suspended already is so since then. */
export async function suspendNode(
  stateDir: string,
  { by, reason, now }: Pick<Suspension, "by" | "reason"> & { now: Date },
): Promise<void> {
  store.requireTrusted(stateDir, "the state folder");
  const before = await readSuspension(stateDir).catch(ifUnreadable);
  const suspension: Suspension = { since: before?.since ?? now.toISOString(), by, reason };
  await store.writeSuspension({ stateDir, text: `${JSON.stringify(suspension)}\n` });
}

/** From the next round on, the node is brought to its target again. */
export async function resumeNode(stateDir: string): Promise<void> {
  store.requireTrusted(stateDir, "the state folder");
  await store.removeSuspension(stateDir);
}

/** A new one takes its place. */
function ifUnreadable(error: unknown): null {
  if (error instanceof KeelsonError && ["K4016", "K9081"].includes(error.code)) return null;
  throw error;
}

/** A broken text is no suspension either; what is wrong with it then is that it is none. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}
