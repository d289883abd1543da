import {
  type CauseKind,
  type Condition,
  type Operation,
  type Plan,
  type StagingOutcome,
  codeOf,
  nothingStaged,
  redact,
} from "@keelson/model";

import { makeCondition } from "./made-condition.ts";

const unexplained: ReadonlySet<CauseKind> = new Set(["drift", "lost"]);

/** What is left to do tells these: a plan that is not known, or that blocks something, shows less than all. */
export function buildPlanConditions(
  plan: Plan | null,
  staging: StagingOutcome = nothingStaged,
): Omit<Condition, "since">[] {
  return [stagedCondition(plan, staging), driftedCondition(plan)];
}

/** Whether the node has the releases, the images and the content-addressed files of what is desired. */
function stagedCondition(plan: Plan | null, { failures }: StagingOutcome): Omit<Condition, "since"> {
  const [failure] = failures;
  if (failure !== undefined) {
    const { error } = failure;
    const message = redact(error instanceof Error ? error.message : String(error));
    return makeCondition("Staged", false, { reason: codeOf(error), message });
  }
  if (plan === null) return makeCondition("Staged", null, unknownText);
  const missing = plan.operations.filter(isStaging).length;
  if (missing > 0) {
    const message = `${missing === 1 ? "1 image or folder is" : `${missing} images and folders are`} not on the node yet`;
    return makeCondition("Staged", false, { reason: "Missing", message });
  }
  if (plan.blocked.length > 0) {
    const message = "what is blocked is not planned, so it is not known what it would need";
    return makeCondition("Staged", null, { reason: "Blocked", message });
  }
  return makeCondition("Staged", true, {
    reason: "Complete",
    message: "all images and files are on the node",
  });
}

function isStaging(operation: Operation): boolean {
  return (
    operation.kind === "pull-image" ||
    (operation.kind === "place-files" && operation.mount.layout === "content")
  );
}

/** Whether something differs from what was applied, and no commit explains it. */
function driftedCondition(plan: Plan | null): Omit<Condition, "since"> {
  if (plan === null) return makeCondition("Drifted", null, unknownText);
  const drifted = plan.operations.filter(({ causes }) => causes.some(({ kind }) => unexplained.has(kind)));
  // What is left as somebody has made it has no operation.
  const left = plan.notices.filter(({ code }) => leftAsItIs.has(code));
  const resources = [...new Set([...drifted, ...left].map(({ resource }) => resource))];
  const [first] = resources;
  if (first === undefined) {
    const message = "nothing differs that no commit explains";
    return makeCondition("Drifted", false, { reason: "None", message });
  }
  const what =
    resources.length === 1 ? `${first} differs` : `${first} and ${resources.length - 1} more differ`;
  const message = `${what} from what was applied, and no commit explains it`;
  return makeCondition("Drifted", true, { reason: "Unexplained", message });
}

/** Kept files, and files of containers that were adopted, which somebody has changed. */
const leftAsItIs: ReadonlySet<string> = new Set(["K3074", "K9098"]);

const unknownText = { reason: "Unknown", message: "no plan could be made" };
