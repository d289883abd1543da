import type { AgentConfig } from "@keelson/model";
import {
  type NodeSettings,
  dataSettings,
  ageKeyPath,
  dockerConfigPlace,
  expectComposeBinary,
  hostSettings,
  remotesOf,
  waitSettings,
} from "@keelson/node";

/** Where everything of the agent's node is. */
export async function settingsOf(config: AgentConfig, configFile: string): Promise<NodeSettings> {
  return {
    environment: config.environment,
    node: config.node,
    stateDir: config.stateDir,
    ...dataSettings(config, config),
    keyFile: config.keyFile,
    secretsFile: config.secretsFile ?? null,
    ageKeyFile: ageKeyPath(config),
    dockerHost: config.dockerHost ?? process.env["DOCKER_HOST"],
    dockerConfig: dockerConfigPlace(config, process.env),
    composeBinary: await expectComposeBinary(process.env),
    remotes: remotesOf(config),
    ...hostSettings({ config, configFile }),
    ...waitSettings(config),
    allow: config.allow ?? {},
  };
}
