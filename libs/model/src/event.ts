import type { DesiredNode } from "./desired.ts";
import type { Operation } from "./operation.ts";
import type { Plan } from "./plan.ts";
import type { Problem } from "./problem.ts";
import type { Target } from "./target.ts";

/** The steps of the path, in their order. */
export const steps = [
  "fetch",
  "read",
  "render",
  "resolve",
  "build",
  "observe",
  "plan",
  "stage",
  "apply",
  "report",
] as const;
export type Step = (typeof steps)[number];

/** Everything that happens. Log, progress and status are folds over these. */
export type KeelsonEvent =
  /** What a killed agent had started, and what still held the node's lock. */
  | { type: "orphan-ended"; pid: number; program: string }
  | { type: "step-started"; step: Step }
  /** What a source shows; null where it could not be asked. */
  | { type: "source-asked"; branch: string; commit: string | null }
  | { type: "target-chosen"; target: Target }
  | { type: "step-finished"; step: Step; elapsedMs: number }
  | { type: "problems-found"; problems: Problem[] }
  | { type: "planned"; plan: Plan; desired: DesiredNode }
  | { type: "operation-started"; operation: Operation }
  | { type: "operation-progressed"; operationId: string; message: string; done?: number; total?: number }
  | { type: "operation-finished"; operation: Operation; elapsedMs: number }
  | { type: "operation-failed"; operation: Operation; error: unknown; elapsedMs: number }
  | { type: "operation-skipped"; operation: Operation; because: string };

export type Emit = (event: KeelsonEvent) => void;
