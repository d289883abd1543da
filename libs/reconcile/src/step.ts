import type { Emit, Step } from "@keelson/model";

/** The milliseconds of each step. A step that was walked twice has the sum. */
export type StepTimes = Partial<Record<Step, number>>;

/** Runs one step of the path, and emits its begin, its end and its time. */
export type StepTimer = <T>(step: Step, run: () => Promise<T>) => Promise<T>;

/** Makes a timer that adds the times of steps up in `times`. */
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
