import { type HoldReason, type InstanceTarget, codeOf } from "@keelson/model";

/** What a node or an instance is to be at, and why, in one sentence. */
export function formatBecause(
  { mode, snapshot, because }: InstanceTarget,
  { branch }: { branch: string },
): string {
  if (mode === "follow") return `follows ${branch}`;
  return `is held at ${snapshot.commit.slice(0, 8)}: ${because.map(describeReason).join(", and ")}`;
}

function describeReason(reason: HoldReason): string {
  if (reason.kind === "suspended") return "it is suspended";
  if (reason.kind === "problems") {
    const has = `${reason.commit.slice(0, 8)} has problems`;
    return reason.whole === undefined
      ? has
      : `${has}, and ${reason.whole} concerns more than single instances`;
  }
  const code = codeOf(reason.error);
  if (reason.kind === "unavailable") return `branch ${reason.branch} could not be read (${code})`;
  return `branch ${reason.branch} is at ${reason.commit.slice(0, 8)}, which is refused (${code})`;
}
