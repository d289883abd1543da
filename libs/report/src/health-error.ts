import type {
  DesiredNode,
  DesiredService,
  ObservedContainer,
  ObservedNode,
  StatusError,
} from "@keelson/model";
import { resourceIds, wayBack } from "@keelson/model";

import { containerHealth, ownContainers } from "./service-status.ts";
import { quotedInLine } from "./said-text.ts";
import type { StatusInput } from "./status-input.ts";

/** The codes of what only is so, and that no operation met. */
export const healthCodes: ReadonlySet<string> = new Set(["K3040", "K3041", "K3042"]);

/**
 * An error for each service that is to run and is not well, for as long as it is so: whether a round had something to do
 * for it or not. What is missing, or was never started, is planned, blocked or waits for another service; neither that nor what
 * is on its way is an error.
 */
export function findHealthErrors(
  desired: DesiredNode,
  { containers }: ObservedNode,
  applied: StatusInput["applied"],
): Omit<StatusError, "since">[] {
  return desired.instances
    .filter(({ state }) => state === "running")
    .flatMap((instance) =>
      instance.services.flatMap((service) => {
        const of = { project: instance.project, service: service.name };
        const sick = ownContainers(containers, of).find(
          (each) => each.state !== "created" && containerHealth(service, each) === "unhealthy",
        );
        if (sick === undefined) return [];
        const resource = resourceIds.service(instance.project, service.name);
        const hint = withWayBack(`Read its log: keelson logs ${instance.name} ${service.name}.`, {
          desired,
          applied,
        });
        return [{ ...describeAilment(service, sick), resource, hint, outcome: "waiting" as const }];
      }),
    );
}

/** What was never applied, where something else was before, is what has broken the service. */
export function withWayBack(
  hint: string,
  { desired, applied }: Pick<StatusInput, "desired" | "applied">,
): string {
  if (applied === undefined || applied === null || desired === null) return hint;
  return applied.desiredDigest !== desired.digest ? `${hint} ${wayBack}` : hint;
}

function describeAilment(
  service: DesiredService,
  container: ObservedContainer,
): Pick<StatusError, "code" | "message"> {
  const { name, state, ailment, settlesInMs } = container;
  const tell = (code: string, what: string) => ({
    code,
    message: `${name} ${what}${quotedInLine(ailment?.said ?? "")}`,
  });
  if (state === "restarting" || settlesInMs !== undefined) {
    const { exitCode = null, restarts = 0 } = ailment ?? {};
    const parts = [
      ...(exitCode === null ? [] : [`last with exit code ${exitCode}`]),
      ...(restarts === 0 ? [] : [`${restarts} ${restarts === 1 ? "restart" : "restarts"} so far`]),
    ];
    return tell("K3041", ["keeps restarting", ...parts].join(", "));
  }
  if (state === "running") return tell("K3040", "is unhealthy");
  if (state === "exited") return tell("K3042", `exited with code ${container.exitCode}`);
  return tell("K3042", `is ${state}`);
}
