import type { Problem } from "./problem.ts";
import type { Json, JsonObject } from "./repository.ts";
import { seccompFileOf } from "./seccomp-file.ts";

/**
 * What `docker compose config --format json` says of an instance, with bind sources and file paths
 * written relative to the package (`core/conf/core.yml`), so that CI and node agree.
 */
export interface ComposeModel {
  name: string;
  services: Record<string, ComposeService>;
  networks: Record<string, JsonObject | null>;
  volumes: Record<string, JsonObject | null>;
  secrets: Record<string, JsonObject>;
  configs: Record<string, JsonObject>;
}

/** A service as Compose resolves it; the fields Keelson reads are typed, the rest is carried along. */
export interface ComposeService {
  image: string;
  restart?: string;
  scale?: number;
  deploy?: { replicas?: number; restart_policy?: { condition?: string }; [key: string]: Json | undefined };
  depends_on?: Record<string, { condition: DependencyCondition; restart?: boolean; required?: boolean }>;
  healthcheck?: {
    test?: string[];
    interval?: string;
    timeout?: string;
    retries?: number;
    start_period?: string;
    disable?: boolean;
  };
  labels?: Record<string, string>;
  environment?: Record<string, string | null>;
  networks?: Record<string, JsonObject | null>;
  network_mode?: string;
  ipc?: string;
  pid?: string;
  volumes_from?: string[];
  external_links?: string[];
  security_opt?: string[];
  volumes?: ComposeMount[];
  ports?: ComposePort[];
  secrets?: { source: string; target?: string }[];
  configs?: { source: string; target?: string }[];
  stop_grace_period?: string;
  container_name?: string;
  [key: string]: unknown;
}

export type DependencyCondition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface ComposeMount {
  type: string;
  source?: string;
  target: string;
  read_only?: boolean;
  bind?: JsonObject;
  [key: string]: unknown;
}

export interface ComposePort {
  target: number;
  published?: string;
  host_ip?: string;
  protocol?: string;
  mode?: string;
}

/** What a health check has where it says nothing (Dockerfile reference, HEALTHCHECK). */
export const healthcheckDefaults = {
  interval: "30s",
  timeout: "30s",
  start_period: "0s",
  retries: 3,
} as const;

/** The model with every path that is bound replaced: the sources of binds, and the files of secrets, configs and seccomp. */
export function withBoundPaths(model: ComposeModel, replace: (path: string) => string): ComposeModel {
  const withFile = (definition: JsonObject) => {
    const { file } = definition;
    return typeof file === "string" ? { ...definition, file: replace(file) } : definition;
  };
  const withSource = (mount: ComposeMount) =>
    mount.type === "bind" && mount.source !== undefined ? { ...mount, source: replace(mount.source) } : mount;
  const withProfile = (option: string) => {
    const file = seccompFileOf(option);
    return file === null ? option : `seccomp=${replace(file)}`;
  };
  const withSources = ({ volumes, security_opt: options, ...service }: ComposeService): ComposeService => ({
    ...service,
    ...(volumes === undefined ? {} : { volumes: volumes.map(withSource) }),
    ...(options === undefined ? {} : { security_opt: options.map(withProfile) }),
  });
  return {
    ...model,
    services: mapValues(model.services, withSources),
    secrets: mapValues(model.secrets, withFile),
    configs: mapValues(model.configs, withFile),
  };
}

/** The same keys with other values. */
export function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  replace: (value: Value, key: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, replace(value, key)]));
}

/**
 * All that a Compose process knows of its surroundings, but for what a call adds: COMPOSE_* and DOCKER_* of the agent's own
 * change what Compose does. `home` is an empty folder or none, so that no login and no plugin is found.
 */
export function closedComposeEnvironment(home: string): Record<string, string> {
  return {
    COMPOSE_DISABLE_ENV_FILE: "1",
    COMPOSE_EXPERIMENTAL_GIT_REMOTE: "0",
    COMPOSE_EXPERIMENTAL_OCI_REMOTE: "0",
    DOCKER_CONFIG: home,
    HOME: home,
  };
}

export interface ComposeResolution {
  /** Null when the gate or Compose refused the files. */
  model: ComposeModel | null;
  problems: Problem[];
  /** What the files say and Keelson does otherwise; empty where an earlier answer was kept. */
  warnings: Problem[];
}

/**
 * Raised whenever the gate on Compose files refuses more than before: models that a record keeps were judged by older
 * rules, and are judged again.
 */
export const gateGeneration = 7;
