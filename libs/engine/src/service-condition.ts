import type { DependencyCondition } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

/** `failed` means that waiting longer cannot help. */
export type Verdict = "met" | "pending" | "failed";

/**
 * Whether a container meets a condition of Compose's `depends_on`. A container without a health check meets
 * `service_healthy` by running, and with `mayEnd` one that exited with 0 meets any. An unhealthy one has used up all
 * retries of its check: should it recover later, that is seen then. One that ended may be started again by its engine.
 */
export function judgeCondition(
  info: ContainerInspectInfo,
  { condition, mayEnd }: { condition: DependencyCondition; mayEnd: boolean },
): Verdict {
  const { Status: state, ExitCode: exitCode } = info.State;
  if (state === "dead" || state === "removing") return "failed";
  if (state === "exited") {
    if ((mayEnd || condition === "service_completed_successfully") && exitCode === 0) return "met";
    return isStartedAgain(info) ? "pending" : "failed";
  }
  if (state !== "running") return "pending";
  if (condition === "service_started") return "met";
  if (condition === "service_completed_successfully") return "pending";
  return judgeHealth(info);
}

function judgeHealth({ State: { Health: health } }: ContainerInspectInfo): Verdict {
  if (health === undefined || health.Status === "none" || health.Status === "healthy") return "met";
  return health.Status === "unhealthy" ? "failed" : "pending";
}

/** By its restart policy (Docker's reference, "Start containers automatically"). */
function isStartedAgain({
  HostConfig: { RestartPolicy: policy },
  RestartCount: restarts,
  State,
}: ContainerInspectInfo) {
  switch (policy?.Name) {
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return (
        State.ExitCode !== 0 &&
        ((policy.MaximumRetryCount ?? 0) === 0 || restarts < (policy.MaximumRetryCount ?? 0))
      );
    default:
      return false;
  }
}
