import type { DependencyCondition } from "@keelson/model";
import type { ContainerInspectInfo } from "dockerode";

/** `failed` means that waiting longer cannot help. */
export type Verdict = "met" | "pending" | "failed";

/**
 * Whether a container meets a condition of Compose's `depends_on`. A container without a health check meets
 * `service_healthy` by running. An unhealthy container may recover; one that ended and is not started again cannot.
 */
export function judgeCondition(info: ContainerInspectInfo, condition: DependencyCondition): Verdict {
  const { Status: state, ExitCode: exitCode } = info.State;
  if (state === "dead" || state === "removing") return "failed";
  if (state === "exited") {
    if (condition === "service_completed_successfully" && exitCode === 0) return "met";
    return isStartedAgain(info) ? "pending" : "failed";
  }
  if (state !== "running") return "pending";
  if (condition === "service_started") return "met";
  return condition === "service_healthy" && isHealthy(info) ? "met" : "pending";
}

function isHealthy({ State: { Health: health } }: ContainerInspectInfo): boolean {
  return health === undefined || health.Status === "none" || health.Status === "healthy";
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
