import { calmMsOf } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

/**
 * Milliseconds for which a container that its engine has started again must still run until it counts as settled; 0 for
 * any other: ten times as long as it has lived on average since it was made, from 10 s to 5 minutes. A start by request sets
 * the engine's count to zero. After a change of the clock, its age is wrong or below zero.
 */
export function untilSettledMs(
  { Created: createdAt, RestartCount: restarts, State: state }: ContainerInspectInfo,
  nowMs: number,
): number {
  const ageMs = nowMs - Date.parse(state.StartedAt);
  if (state.Status !== "running" || restarts === 0 || ageMs < 0) return 0;
  const lifeMs = (Date.parse(state.FinishedAt) - Date.parse(createdAt)) / restarts;
  return Math.max(0, calmMsOf(lifeMs) - ageMs);
}
