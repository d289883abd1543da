export { formatProblem, formatProblems } from "./problem.ts";
export { buildStatus } from "./build-status.ts";
export { formatOperation, isMereStep } from "./operation-text.ts";
export { type PlannedChange, summarizePlan } from "./plan-summary.ts";
export { type Paint, formatPlanSummary } from "./plan-text.ts";
export { saysNothingNew } from "./status-news.ts";
export { escapeLines, escapePainted, escapeText, formatJson } from "./visible-text.ts";
export type { StatusInput } from "./status-input.ts";
