import type { AgentConfig } from "@keelson/model";
import {
  type NodeSettings,
  dockerConfigPlace,
  expectComposeBinary,
  remotesOf,
  waitSettings,
} from "@keelson/node";

/** Where everything of the agent's node is. */
export async function settingsOf(config: AgentConfig): Promise<NodeSettings> {
  return {
    environment: config.environment,
    node: config.node,
    stateDir: config.stateDir,
    keyFile: config.keyFile,
    secretsFile: config.secretsFile ?? null,
    dockerHost: config.dockerHost ?? process.env["DOCKER_HOST"],
    dockerConfig: dockerConfigPlace(config, process.env),
    composeBinary: await expectComposeBinary(process.env),
    remotes: remotesOf(config),
    ...waitSettings(config),
    allow: config.allow ?? {},
  };
}
