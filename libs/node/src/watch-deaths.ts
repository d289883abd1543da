import type { OwnIds } from "@keelson/engine";
import { openEnginePoll } from "@keelson/engine/poll";

import type { NodeSettings } from "./node-settings.ts";

const stopActions: readonly string[] = ["die", "pause", "destroy"];

/** How long the engine may take to begin its events. */
const timeoutMs = 30_000;

/** Calls back with `<project>/<service>` for each container of the environment that stops. */
export function watchDeaths(
  { environment, dockerHost, own }: Pick<NodeSettings, "environment" | "dockerHost"> & { own: OwnIds },
  onDeath: (service: string) => void,
): Disposable {
  const poll = openEnginePoll({ timeoutMs, ...(dockerHost === undefined ? {} : { dockerHost }) });
  poll.watch({
    environment,
    isOwn: own.has,
    onEvent: ({ isOthers, action, service }) => {
      if (!isOthers && service !== "" && stopActions.includes(action)) onDeath(service);
    },
    onEnd: () => {}, // `applyAndHeal` also observes by itself now and then
  });
  return { [Symbol.dispose]: () => poll.close() };
}
