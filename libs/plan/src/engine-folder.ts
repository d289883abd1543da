import type { ObservedHost } from "@keelson/model";

import { isBelow } from "./host-path.ts";

type EngineRoot = Pick<ObservedHost, "engineRoot">;

/** Whether a path lies below the folder of the engine's own data. */
export function isInEngine(real: string, { engineRoot }: EngineRoot): boolean {
  return engineRoot !== "" && isBelow(real, engineRoot);
}

/** Whether a path is the data of a volume, or lies below it. */
export function isVolumeData(real: string, host: EngineRoot): boolean {
  return /^\/volumes\/[^/]+\/_data(?:\/|$)/.test(belowEngine(real, host));
}

/** Whether containers can write the folders that lead to a path: below a volume's data, or in what a container is made of. */
export function isWrittenInEngine(real: string, host: EngineRoot): boolean {
  const below = belowEngine(real, host);
  if (/^\/volumes(?:\/|$)/.test(below)) return /^\/volumes\/[^/]+\/_data\/./.test(below);
  // Logs and settings of containers, which only the engine writes.
  return below !== "" && !/^\/containers(?:\/|$)/.test(below);
}

/** With a slash at its beginning; empty for what is elsewhere. */
function belowEngine(real: string, host: EngineRoot): string {
  return isInEngine(real, host) ? real.slice(host.engineRoot.length) : "";
}
