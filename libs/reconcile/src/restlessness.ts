import { type DesiredNode, type ObservedNode, resourceIds } from "@keelson/model";
import { type RestlessService, findRestless } from "@keelson/plan";

import type { Ports } from "./ports.ts";

/** What ends again and again, as a status tells it. */
export interface Restlessness {
  /** Id of the service. */
  resource: string;
  instance: string;
  service: string;
  /** The last exit code and what was written last; null where nobody has seen its end. */
  end: { exitCode: number; output: string } | null;
  /** The round has seen it down: what is told of its end is news. */
  wasDown: boolean;
  /** Milliseconds for which it must still run until it has settled; null while it is down. */
  settlesInMs: number | null;
}

interface Seen {
  desired: DesiredNode;
  /** Before the plan was applied, and after it. */
  before: ObservedNode;
  observed: ObservedNode;
}

/** What ends again and again by what is observed now, each with its last end. */
export async function describeRestless(
  { desired, before, observed }: Seen,
  { record, now, readOutput }: Pick<Ports, "record" | "now" | "readOutput">,
): Promise<Restlessness[]> {
  const state = record.readState();
  const restless = findRestless({ desired, observed, record: state }, now());
  return Promise.all(
    restless.map(async ({ project, instance, service, containerId, exitCode, settlesInMs }) => {
      const seen = exitCode ?? exitCodeIn(before, containerId);
      const code = seen ?? state.crashes[containerId]?.at(-1)?.exitCode ?? null;
      return {
        resource: resourceIds.service(project, service),
        instance,
        service,
        end: code === null ? null : { exitCode: code, output: await readOutput(containerId) },
        wasDown: seen !== null,
        settlesInMs,
      };
    }),
  );
}

function exitCodeIn({ containers }: ObservedNode, id: RestlessService["containerId"]): number | null {
  const container = containers.find((each) => each.id === id);
  return container?.state === "exited" ? container.exitCode : null;
}
