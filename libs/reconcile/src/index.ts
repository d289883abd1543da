export { type OperationResult, applyPlan } from "./apply-plan.ts";
export type {
  EngineRequest,
  OperationContext,
  OperationPorts,
  Ports,
  ReadPorts,
  RecordPort,
  RoundJournal,
} from "./ports.ts";
export { type DesiredResult, readDesired } from "./read-desired.ts";
export {
  type PlannedRound,
  type Round,
  type RoundOptions,
  planOnce,
  reconcileOnce,
  requestFor,
} from "./reconcile-once.ts";
export { type StepTimer, newStepTimer } from "./step.ts";
