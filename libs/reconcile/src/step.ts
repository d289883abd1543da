import type { Emit, Step } from "@keelson/model";

/** Runs one step of the path and says when it began and how long it took. */
export type StepTimer = <T>(step: Step, run: () => Promise<T>) => Promise<T>;

export function newStepTimer(emit: Emit): StepTimer {
  return async (step, run) => {
    const startedAt = performance.now();
    emit({ type: "step-started", step });
    try {
      return await run();
    } finally {
      emit({ type: "step-finished", step, elapsedMs: performance.now() - startedAt });
    }
  };
}
