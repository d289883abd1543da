import { type Suspension, type Target, withoutRepeats } from "@keelson/model";
import type { NodeReference } from "@keelson/render";

import { chooseTarget, shownCommit } from "./choose-target.ts";
import type { Ports, ReadPorts } from "./ports.ts";
import { newStepTimer } from "./step.ts";
import { type Walk, newWalk, walkPath } from "./walk-path.ts";

/** What choosing the target and walking to the plan need. Both change nothing. */
export type TargetPorts = ReadPorts & Pick<Ports, "findCandidates" | "readEarlier">;

interface WalkerInput {
  ports: TargetPorts;
  /** Why a person withholds action; null when nobody does. */
  suspension: Suspension | null;
  reference: NodeReference;
}

/**
 * Asks the sources, chooses the target and walks the path to its plan. When problems of the target leave no desired
 * state, the node must still be healed: the target is chosen once more without that commit. The problems stay in the walk.
 */
export async function walkToTarget(walk: Walk, { ports, suspension, reference }: WalkerInput): Promise<void> {
  const step = newStepTimer(ports.emit, walk.times);
  const candidates = await step("fetch", async () => ports.findCandidates());
  for (const candidate of candidates) {
    ports.emit({ type: "source-asked", branch: candidate.branch, commit: shownCommit(candidate) });
  }
  walk.shown = candidates[0] === undefined ? null : shownCommit(candidates[0]);
  const walkTo = async (target: Target) => {
    ports.emit({ type: "target-chosen", target });
    await walkPath(walk, { reference, target, ports, until: "plan" });
  };
  const readAttempted = async () => {
    const { attempted } = ports.record.readState();
    return attempted === null ? null : ports.readEarlier(attempted);
  };
  const first = chooseTarget({
    candidates,
    faulty: new Map(),
    suspension,
    attempted: suspension === null ? null : await readAttempted(),
  });
  await walkTo(first);
  const faulty = first.instances?.every.snapshot.commit;
  const { desired, problems, shown, times } = walk;
  // What is followed in part holds its own instances.
  if (desired !== null || problems.length === 0 || faulty === undefined) return;
  const attempted = await readAttempted();
  const whole =
    walk.rendered?.partial === true ? problems.find((each) => each.instances === undefined) : undefined;
  const found = whole === undefined ? {} : { whole: whole.code };
  const second = chooseTarget({ candidates, faulty: new Map([[faulty, found]]), suspension, attempted });
  if (second.instances?.every.snapshot.commit === faulty) return;
  Object.assign(walk, newWalk(times), { shown, suspension });
  try {
    await walkTo(second);
  } finally {
    walk.problems = withoutRepeats([...problems, ...walk.problems]);
  }
}
