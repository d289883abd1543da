import { readCredential, tokenUser } from "@keelson/git";
import { type AgentConfig, keelsonVersion, parseDurationMs } from "@keelson/model";
import { ageKeyPath, dockerConfigPlace } from "@keelson/node";

import type { NotifySetting, WatchSetting } from "./round-summary.ts";

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
    notify: config.notify === undefined ? null : await settingOfNotify(config.notify, timeoutMs),
    version: keelsonVersion,
  };
}

function listFiles(config: AgentConfig): string[] {
  const { source, report, notify, keyFile, secretsFile } = config;
  // After a docker login the image that was refused is pulled at once.
  const { configFile } = dockerConfigPlace(config, process.env);
  const credentials = [source.credential, report.credential, notify?.webhook?.credential].map((each) =>
    each !== undefined && "file" in each ? each.file : undefined,
  );
  return [keyFile, secretsFile, ageKeyPath(config), source.knownHosts, configFile, ...credentials].filter(
    (path) => path !== undefined,
  );
}

async function settingOfNotify(
  { command, webhook }: NonNullable<AgentConfig["notify"]>,
  timeoutMs: number,
): Promise<NotifySetting> {
  const setting: NotifySetting = command === undefined ? {} : { command };
  if (webhook === undefined) return setting;
  const { url, credential } = webhook;
  const login = credential === undefined ? null : await readLogin(credential, timeoutMs);
  const authorization = login === null ? null : authorizationOf(login);
  const isUnreadable = credential !== undefined && login === null;
  return { ...setting, webhook: { url, authorization, isUnreadable } };
}

/** A token alone is a bearer's; a user with a password logs in by HTTP basic authentication. */
function authorizationOf({ username, password }: { username: string; password: string }): string {
  if (username === tokenUser) return `Bearer ${password}`;
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** Returns null for a login that cannot be read: the round's own fetch then fails by it, with a code. */
async function readLogin(...[credential, timeoutMs]: Parameters<typeof readCredential>) {
  try {
    return await readCredential(credential, timeoutMs);
  } catch {
    return null;
  }
}
