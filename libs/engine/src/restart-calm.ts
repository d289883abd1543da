import type { ContainerInspectInfo } from "dockerode";

import { steadyMs } from "./poll-steady.ts";

/** What lived for so long again and again has to live for many times that before it is believed. */
const calmLives = 10;
/** One crash of what had run for days is over by then. */
const longestCalmMs = 5 * 60_000;

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
  const calmMs = Math.min(longestCalmMs, Math.max(steadyMs, calmLives * lifeMs));
  return Math.max(0, calmMs - ageMs);
}
