import { type DesiredNode, type ObservedNode, resourceIds } from "@keelson/model";
import { type RestlessService, findRestless } from "@keelson/plan";

import type { Ports } from "./ports.ts";

/** What ends again and again, as a status tells it. */
export interface Restlessness {
  /** Id of the service. */
  resource: string;
  instance: string;
  service: string;
  /** The last exit code and what was written before it; null while it runs and nobody has seen its end. */
  end: { exitCode: number; output: string } | null;
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
  const restless = findRestless({ desired, observed, record: record.readState() }, now());
  return Promise.all(
    restless.map(async ({ project, instance, service, containerId, exitCode }) => {
      const seen = exitCode ?? exitCodeIn(before, containerId);
      return {
        resource: resourceIds.service(project, service),
        instance,
        service,
        end: seen === null ? null : { exitCode: seen, output: await readOutput(containerId) },
      };
    }),
  );
}

function exitCodeIn({ containers }: ObservedNode, id: RestlessService["containerId"]): number | null {
  const container = containers.find((each) => each.id === id);
  return container?.state === "exited" ? container.exitCode : null;
}
