import { homedir } from "node:os";
import { join, resolve } from "node:path";

import type { AgentConfig } from "@keelson/model";

/** Docker's config.json with the logins to registries. */
export interface DockerConfigPlace {
  configFile: string;
  /** agent.yaml names it, so it has to be there. */
  isNamed: boolean;
}

/** The file that agent.yaml names, or else the one that `docker login` of this user writes. */
export function dockerConfigPlace(
  config: Pick<AgentConfig, "dockerConfig"> | null,
  { DOCKER_CONFIG: folder = "", HOME: home = homedir() }: { DOCKER_CONFIG?: string; HOME?: string },
): DockerConfigPlace {
  if (config?.dockerConfig !== undefined) return { configFile: config.dockerConfig, isNamed: true };
  const configFolder = folder === "" ? join(home, ".docker") : resolve(folder);
  return { configFile: join(configFolder, "config.json"), isNamed: false };
}
