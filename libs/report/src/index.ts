export { formatProblem, formatProblems } from "./problem.ts";
export { type StatusInput, buildStatus } from "./build-status.ts";
export { type PlannedChange, countChanges, summarizePlan } from "./plan-summary.ts";
export { saysNothingNew } from "./status-news.ts";
