import { openEnginePoll } from "@keelson/engine/poll";

import type { NodeSettings } from "./node-settings.ts";

const stopActions: readonly string[] = ["die", "pause", "destroy"];

/** For the engine to begin telling its events. */
const timeoutMs = 30_000;

/** Tells `<project>/<service>` of each container of the environment that stops. The light door reads events already. */
export function watchDeaths(
  { environment, dockerHost }: Pick<NodeSettings, "environment" | "dockerHost">,
  onDeath: (service: string) => void,
): Disposable {
  const poll = openEnginePoll({ timeoutMs, ...(dockerHost === undefined ? {} : { dockerHost }) });
  poll.watch({
    environment,
    onEvent: ({ action, service }) => {
      if (service !== "" && stopActions.includes(action)) onDeath(service);
    },
    onEnd: () => {}, // whoever listens looks by itself now and then
  });
  return { [Symbol.dispose]: () => poll.close() };
}
