import {
  type DesiredNode,
  type DesiredService,
  type Notice,
  type WaitLimits,
  formatDuration,
  resourceIds,
} from "@keelson/model";

/**
 * The same desired state with no longer a trial than the node gives. A longer one is cut and told, and is no fault: what
 * comes up later is seen as well, and what a commit asks for must not keep a node from its other services.
 */
export function cutTrials(desired: DesiredNode, { trialMs }: WaitLimits): DesiredNode {
  const cut = (service: DesiredService) => ({ ...service, trialMs: Math.min(service.trialMs, trialMs) });
  return {
    ...desired,
    instances: desired.instances.map((each) => ({ ...each, services: each.services.map(cut) })),
  };
}

/** K3017: what asks for a longer wait than the node gives. What nothing judges comes up by running, and needs no trial. */
export function findLongWaits(desired: DesiredNode, waits: WaitLimits): Notice[] {
  return desired.instances.flatMap(({ project, services }) =>
    services.flatMap(({ name, stopGraceMs, trialMs, hasHealthcheck, endAwaited }) => {
      const told = (
        what: string,
        { asked, given, setting }: { asked: number; given: number; setting: string },
      ) =>
        asked <= given
          ? []
          : [
              {
                resource: resourceIds.service(project, name),
                code: "K3017",
                message: `${project}/${name} asks for ${formatDuration(asked)} to ${what}; this node gives ${formatDuration(given)} (${setting})`,
              },
            ];
      return [
        ...told("end", { asked: stopGraceMs ?? 0, given: waits.stopMs, setting: "timeouts.stop" }),
        ...told("come up", {
          asked: hasHealthcheck || endAwaited ? trialMs : 0,
          given: waits.trialMs,
          setting: "timeouts.trial",
        }),
      ];
    }),
  );
}
