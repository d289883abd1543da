import { readCredential } from "@keelson/git";
import { type AgentConfig, keelsonVersion, parseDurationMs } from "@keelson/model";
import { dockerConfigPlace } from "@keelson/node";

import type { WatchSetting } from "./round-summary.ts";

/** What the watcher has to poll and to watch, by agent.yaml; it reads no document itself. */
export async function settingOfWatch(config: AgentConfig): Promise<WatchSetting> {
  const { url, branch, credential } = config.source;
  const timeoutMs = parseDurationMs(config.timeouts.git);
  return {
    target: {
      git: {
        url,
        branch,
        timeoutMs,
        credential: credential === undefined ? null : await readLogin(credential, timeoutMs),
      },
      environment: config.environment,
      node: config.node,
      dockerHost: config.dockerHost ?? process.env["DOCKER_HOST"],
      intervalMs: parseDurationMs(config.interval),
    },
    stateDir: config.stateDir,
    files: listFiles(config),
    monitor: config.monitor ?? null,
    version: keelsonVersion,
  };
}

function listFiles(config: AgentConfig): string[] {
  const { source, report, keyFile, secretsFile } = config;
  // After a docker login the image that was refused is pulled at once.
  const { configFile } = dockerConfigPlace(config, process.env);
  const credentials = [source.credential, report.credential].map((each) =>
    each !== undefined && "file" in each ? each.file : undefined,
  );
  return [keyFile, secretsFile, source.knownHosts, configFile, ...credentials].filter(
    (path) => path !== undefined,
  );
}

/** Returns null for a login that cannot be read: the round's own fetch then fails by it, with a code. */
async function readLogin(...[credential, timeoutMs]: Parameters<typeof readCredential>) {
  try {
    return await readCredential(credential, timeoutMs);
  } catch {
    return null;
  }
}
