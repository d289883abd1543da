import type { Emit, Step } from "@keelson/model";

/** Milliseconds that steps took, those that were walked twice together. */
export type StepTimes = Partial<Record<Step, number>>;

/** Runs one step of the path and says when it began and how long it took. */
export type StepTimer = <T>(step: Step, run: () => Promise<T>) => Promise<T>;

/** Adds up in `times`. */
export function newStepTimer(emit: Emit, times: StepTimes): StepTimer {
  return async (step, run) => {
    const startedAt = performance.now();
    emit({ type: "step-started", step });
    try {
      return await run();
    } finally {
      const elapsedMs = performance.now() - startedAt;
      times[step] = (times[step] ?? 0) + elapsedMs;
      emit({ type: "step-finished", step, elapsedMs });
    }
  };
}
